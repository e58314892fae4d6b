#include "media/filter.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/pixdesc.h>
}

#include <array>

namespace media {
namespace {

std::string text_of(AVRational value) {
  return std::to_string(value.num) + "/" + std::to_string(value.den);
}

}  // namespace

base::Result<void> Filter::build(const char* source, const std::string& parameters,
                                 const char* sink, const std::string& chain) {
  graph_.reset(avfilter_graph_alloc());
  CHECK(graph_ != nullptr);
  graph_->nb_threads = 1;
  AVFilterGraph* graph = graph_.get();
  const auto create = [&](AVFilterContext** made, const char* name, const char* as,
                          const char* with) {
    return avfilter_graph_create_filter(made, avfilter_get_by_name(name), as, with, nullptr, graph);
  };
  int done = create(&source_, source, "in", parameters.c_str());
  if (done >= 0) done = create(&sink_, sink, "out", nullptr);
  if (done < 0) return av_fail(failure_, done);

  AVFilterInOut* outputs = avfilter_inout_alloc();
  AVFilterInOut* inputs = avfilter_inout_alloc();
  CHECK(outputs != nullptr && inputs != nullptr);
  *outputs = {av_strdup("in"), source_, 0, nullptr};
  *inputs = {av_strdup("out"), sink_, 0, nullptr};
  done = avfilter_graph_parse_ptr(graph, chain.c_str(), &inputs, &outputs, nullptr);
  avfilter_inout_free(&inputs);
  avfilter_inout_free(&outputs);
  if (done >= 0) done = avfilter_graph_config(graph, nullptr);
  if (done < 0) return av_fail(failure_, done);
  return {};
}

base::Result<Filter> Filter::for_video(const AVFrame& like, AVRational time_base,
                                       const std::string& chain) {
  const AVRational sar =
      like.sample_aspect_ratio.num > 0 ? like.sample_aspect_ratio : AVRational{1, 1};
  Filter filter("its pictures can't be converted");
  auto built =
      filter.build("buffer",
                   "video_size=" + std::to_string(like.width) + "x" + std::to_string(like.height) +
                       ":pix_fmt=" + std::to_string(like.format) +
                       ":time_base=" + text_of(time_base) + ":pixel_aspect=" + text_of(sar),
                   "buffersink", chain);
  if (!built) return std::unexpected(built.error());
  return filter;
}

base::Result<Filter> Filter::for_audio(const AVFrame& like, AVRational time_base,
                                       const std::string& chain) {
  std::array<char, 128> layout{};
  av_channel_layout_describe(&like.ch_layout, layout.data(), layout.size());
  Filter filter("its sound can't be converted");
  auto built = filter.build("abuffer",
                            "sample_rate=" + std::to_string(like.sample_rate) + ":sample_fmt=" +
                                std::to_string(like.format) + ":channel_layout=" + layout.data() +
                                ":time_base=" + text_of(time_base),
                            "abuffersink", chain);
  if (!built) return std::unexpected(built.error());
  return filter;
}

base::Result<void> Filter::push(const AVFrame* frame) {
  // The filter takes its own reference.
  const FramePtr copy = frame != nullptr ? share(*frame) : nullptr;
  if (const int done = av_buffersrc_add_frame(source_, copy.get()); done < 0) {
    return av_fail(failure_, done);
  }
  return {};
}

base::Result<bool> Filter::pull(AVFrame& frame) {
  av_frame_unref(&frame);
  const int done = av_buffersink_get_frame(sink_, &frame);
  if (done == AVERROR(EAGAIN) || done == AVERROR_EOF) return false;
  if (done < 0) return av_fail(failure_, done);
  return true;
}

AVRational Filter::time_base() const { return av_buffersink_get_time_base(sink_); }

}  // namespace media
