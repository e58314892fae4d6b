#include "base/config.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace base {

void ConfigVisitor::operator()(std::string_view key, double& value, double min, double max,
                               std::string_view help) {
  const ConfigOption::Real real{value, min, max};
  value = std::get<ConfigOption::Real>(visited({key, help, real}).value).value;
}

void ConfigVisitor::operator()(std::string_view key, Bytes& value, Bytes min, Bytes max,
                               std::string_view help) {
  const ConfigOption::Size size{value, min, max};
  value = std::get<ConfigOption::Size>(visited({key, help, size}).value).value;
}

void ConfigVisitor::operator()(std::string_view key, std::chrono::milliseconds& value,
                               std::chrono::milliseconds min, std::chrono::milliseconds max,
                               std::string_view help) {
  const ConfigOption::Duration duration{value, min, max};
  value = std::get<ConfigOption::Duration>(visited({key, help, duration}).value).value;
}

void ConfigVisitor::operator()(std::string_view key, std::string& value, std::string_view help) {
  value = std::get<std::string>(visited({key, help, std::move(value)}).value);
}

void ConfigVisitor::operator()(std::string_view key, std::string& value, Required /*required*/,
                               std::string_view help) {
  value = std::get<std::string>(visited({key, help, std::move(value), true}).value);
}

void ConfigVisitor::operator()(std::string_view key, std::vector<std::string>& value,
                               std::size_t min, std::size_t max, std::string_view help) {
  const bool is_required = value.size() < min;
  ConfigOption::Texts texts{std::move(value), min, max};
  value = std::get<ConfigOption::Texts>(visited({key, help, std::move(texts), is_required}).value)
              .value;
}

void ConfigVisitor::operator()(std::string_view key, std::optional<bool>& value,
                               std::string_view help) {
  const ConfigOption read =
      visited({key, help, value.value_or(false), false, true, value.has_value()});
  value.reset();
  if (read.is_set) value = std::get<bool>(read.value);
}

void ConfigVisitor::operator()(std::string_view key, std::optional<Bytes>& value, Bytes min,
                               Bytes max, std::string_view help) {
  const ConfigOption::Size size{value.value_or(min), min, max};
  const ConfigOption read = visited({key, help, size, false, true, value.has_value()});
  value.reset();
  if (read.is_set) value = std::get<ConfigOption::Size>(read.value).value;
}

void ConfigVisitor::operator()(std::string_view key,
                               std::optional<std::chrono::milliseconds>& value,
                               std::chrono::milliseconds min, std::chrono::milliseconds max,
                               std::string_view help) {
  const ConfigOption::Duration duration{value.value_or(min), min, max};
  const ConfigOption read = visited({key, help, duration, false, true, value.has_value()});
  value.reset();
  if (read.is_set) value = std::get<ConfigOption::Duration>(read.value).value;
}

Result<std::string> read_config_text(const std::filesystem::path& file) {
  const auto failed = [&file] {
    return fail(ErrorCode::kInvalid,
                file.native() + ": expected a readable file, got: " + std::strerror(errno));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(
      std::fopen(file.c_str(), "re"), [](std::FILE* opened) { return std::fclose(opened); });
  if (!stream) return failed();
  std::string text;
  std::array<char, 16'384> piece;
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), stream.get())) {
    text.append(piece.data(), size);
    if (Bytes(text.size()) > kConfigFileMax) {
      return fail(ErrorCode::kTooLarge,
                  file.native() + ": expected at most " + to_string(kConfigFileMax) + ", got more");
    }
  }
  if (std::ferror(stream.get()) != 0) return failed();
  return text;
}

}  // namespace base
