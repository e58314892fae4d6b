#include "base/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>

namespace base {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a date from left to right; the first mismatch makes everything after it fail.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void literal(std::string_view expected) {
    if (text_.starts_with(expected)) {
      text_.remove_prefix(expected.size());
    } else {
      ok_ = false;
    }
  }

  // The index of the name that comes next.
  template <std::size_t N>
  unsigned name(const std::array<std::string_view, N>& names) {
    const auto found =
        std::ranges::find_if(names, [&](std::string_view name) { return text_.starts_with(name); });
    if (found == names.end()) {
      ok_ = false;
      return 0;
    }
    text_.remove_prefix(found->size());
    return static_cast<unsigned>(std::distance(names.begin(), found));
  }

  unsigned digits(std::size_t count) {
    if (text_.size() < count) {
      ok_ = false;
      return 0;
    }
    unsigned value = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    text_.remove_prefix(count);
    return value;
  }

  // asctime's day: "6" is written " 6".
  unsigned padded_day() {
    if (!text_.starts_with(' ')) return digits(2);
    text_.remove_prefix(1);
    return digits(1);
  }

  seconds time_of_day() {
    const unsigned hour = digits(2);
    literal(":");
    const unsigned minute = digits(2);
    literal(":");
    const unsigned second = digits(2);
    if (hour > 23 || minute > 59 || second > 60) ok_ = false;  // 60: a leap second.
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
  }

  [[nodiscard]] bool whole() const { return ok_ && text_.empty(); }
  [[nodiscard]] char peek(std::size_t index) const {
    return index < text_.size() ? text_[index] : '\0';
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::optional<WallTime> instant(const Reader& reader, unsigned year, unsigned month_index,
                                unsigned day, seconds time) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(month_index + 1),
                                         std::chrono::day(day)};
  if (!reader.whole() || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + time;
}

std::optional<WallTime> parse_imf_fixdate(Reader reader) {
  reader.name(kDays);
  reader.literal(", ");
  const unsigned day = reader.digits(2);
  reader.literal(" ");
  const unsigned month = reader.name(kMonths);
  reader.literal(" ");
  const unsigned year = reader.digits(4);
  reader.literal(" ");
  const seconds time = reader.time_of_day();
  reader.literal(" GMT");
  return instant(reader, year, month, day, time);
}

std::optional<WallTime> parse_rfc850(Reader reader, WallTime now) {
  reader.name(kLongDays);
  reader.literal(", ");
  const unsigned day = reader.digits(2);
  reader.literal("-");
  const unsigned month = reader.name(kMonths);
  reader.literal("-");
  const unsigned short_year = reader.digits(2);
  reader.literal(" ");
  const seconds time = reader.time_of_day();
  reader.literal(" GMT");
  const int this_year = static_cast<int>(std::chrono::year_month_day(floor<days>(now)).year());
  int year = this_year - this_year % 100 + static_cast<int>(short_year);
  if (year < this_year - 49) year += 100;
  if (year > this_year + 50) year -= 100;
  return instant(reader, static_cast<unsigned>(std::max(year, 0)), month, day, time);
}

std::optional<WallTime> parse_asctime(Reader reader) {
  reader.name(kDays);
  reader.literal(" ");
  const unsigned month = reader.name(kMonths);
  reader.literal(" ");
  const unsigned day = reader.padded_day();
  reader.literal(" ");
  const seconds time = reader.time_of_day();
  reader.literal(" ");
  const unsigned year = reader.digits(4);
  return instant(reader, year, month, day, time);
}

void write_two(char* at, unsigned value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<WallTime> parse_date(std::string_view text, WallTime now) {
  const Reader reader(text);
  if (reader.peek(3) == ',') return parse_imf_fixdate(reader);
  if (reader.peek(3) == ' ') return parse_asctime(reader);
  return parse_rfc850(reader, now);
}

std::string format_date(WallTime time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<seconds>(time - day));
  const unsigned year = static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999));
  std::string text = "Sun, 00 Jan 0000 00:00:00 GMT";
  std::ranges::copy(kDays[std::chrono::weekday(day).c_encoding()], text.begin());
  write_two(&text[5], static_cast<unsigned>(date.day()));
  std::ranges::copy(kMonths[static_cast<unsigned>(date.month()) - 1], text.begin() + 8);
  write_two(&text[12], year / 100);
  write_two(&text[14], year % 100);
  write_two(&text[17], static_cast<unsigned>(clock.hours().count()));
  write_two(&text[20], static_cast<unsigned>(clock.minutes().count()));
  write_two(&text[23], static_cast<unsigned>(clock.seconds().count()));
  return text;
}

}  // namespace base
