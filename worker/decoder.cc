#include "worker/decoder.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <tuple>

#include "base/mutex.h"
#include "media/byte_source.h"
#include "media/images.h"
#include "media/log.h"
#include "media/probe.h"
#include "media/product.h"
#include "media/sound.h"
#include "media/transcode.h"
#include "worker/product.h"
#include "worker/sandbox/child_session.h"
#include "worker/sandbox_trial.h"

namespace worker {
namespace {

using base::ErrorCode;
using nlohmann::json;

class SessionSource final : public media::ByteSource {
 public:
  explicit SessionSource(sandbox::SourceReader& reader) : reader_(reader) {}
  [[nodiscard]] std::uint64_t size() const override { return reader_.size().count(); }
  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    while (!into.empty()) {
      const auto got = reader_.read_at(offset, std::as_writable_bytes(into));
      if (!got) return std::unexpected(got.error());
      if (*got == 0) return base::fail(ErrorCode::kIo, "the source ended early");
      into = into.subspan(*got);
      offset += *got;
    }
    return {};
  }

 private:
  sandbox::SourceReader& reader_;
};

base::Result<void> give_out(sandbox::ChildSession& session, const media::Product& product,
                            std::uint32_t number) {
  const auto output =
      session.open_output(sandbox::OutputKind::kSegment, "p" + std::to_string(number));
  if (!output) return std::unexpected(output.error());
  if (auto written = session.write(*output, product_head(product.key)); !written) return written;
  if (!product.bytes.empty()) {
    if (auto written = session.write(*output, product.bytes); !written) return written;
  }
  return session.close(*output);
}

base::Result<std::string> do_task(sandbox::ChildSession& session) {
  media::keep_libav_quiet();
  const json order = json::parse(session.order(), nullptr, false);
  if (!order.is_object()) return base::fail(ErrorCode::kInvalid, "an order that is no JSON");
  const std::string kind = order.value("kind", "");
  if (kind == kTrialKind) return std::string("{}");
  const json spec = order.value("spec", json::object());
  SessionSource source(session.source());
  base::Mutex giving;
  std::uint32_t products = 0;
  const media::Taker taker{.product = [&](const media::Product& product) -> base::Result<void> {
                             const base::MutexLock lock(giving);
                             return give_out(session, product, products++);
                           },
                           .position =
                               [&session](std::int64_t position) {
                                 std::ignore =
                                     session.progress(std::chrono::microseconds(position));
                               }};
  if (kind == "probe") {
    const auto found = media::probe(source, spec.value("container", ""), taker);
    if (!found) return std::unexpected(found.error());
    return found->dump();
  }
  base::Result<void> done = base::fail(ErrorCode::kUnsupported,
                                       "This worker does not know tasks of the kind " + kind + ".");
  if (kind == "transcode") done = media::transcode(source, spec, order.value("threads", 1), taker);
  if (kind == "audio") done = media::encode_sound(source, spec, taker);
  if (kind == "images") done = media::make_images(source, spec, taker);
  if (!done) return std::unexpected(done.error());
  return std::string("{}");
}

// The sandbox makes a sentence of it.
base::Result<std::string> do_task_and_say(sandbox::ChildSession& session) {
  auto done = do_task(session);
  if (!done && done.error().context.ends_with('.')) done.error().context.pop_back();
  return done;
}

}  // namespace

void run_decoder() { sandbox::run_confined(do_task_and_say); }

}  // namespace worker
