#include "media/images.h"

extern "C" {
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "media/picture_sampler.h"
#include "media/scaler.h"
#include "media/still.h"

namespace media {
namespace {

using nlohmann::json;

constexpr int kPosterCoarseness = 3;
constexpr int kSheetCoarseness = 5;

struct Board {
  explicit Board(const json& spec)
      : duration_us(spec.at("duration_us")),
        interval_us(spec.at("interval_us")),
        tiles(spec.at("tiles")),
        columns(spec.at("columns")),
        rows(spec.at("rows")),
        tile_width(spec.at("tile_width")),
        tile_height(spec.at("tile_height")) {}

  [[nodiscard]] std::int64_t tiles_per_sheet() const { return std::int64_t{columns} * rows; }
  [[nodiscard]] PictureSampler::Window window(std::int64_t tile) const {
    return {tile * interval_us,
            std::max(tile * interval_us + 1, std::min((tile + 1) * interval_us, duration_us))};
  }

  const std::int64_t duration_us, interval_us, tiles;
  const int columns, rows, tile_width, tile_height;
};

// How much there is to see.
double liveliness(const AVFrame& still) {
  double sum = 0;
  double squares = 0;
  double steps = 0;
  for (int y = 0; y < still.height; ++y) {
    const std::uint8_t* line = still.data[0] + std::ptrdiff_t{y} * still.linesize[0];
    for (int x = 0; x < still.width; ++x) {
      sum += line[x];
      squares += line[x] * line[x];
      if (x > 0) steps += std::abs(line[x] - line[x - 1]);
    }
  }
  double colour = 0;
  for (int y = 0; y < still.height / 2; ++y) {
    for (const int plane : {1, 2}) {
      const std::uint8_t* line = still.data[plane] + std::ptrdiff_t{y} * still.linesize[plane];
      for (int x = 0; x < still.width / 2; ++x) colour += std::abs(line[x] - 128);
    }
  }
  const double pixels = static_cast<double>(still.width) * still.height;
  const double brightness = sum / pixels;
  const double contrast = std::sqrt(std::max(0.0, squares / pixels - brightness * brightness));
  const double lively = contrast + 2 * steps / pixels + 2 * colour / pixels;
  const bool is_blank = brightness < 24 || brightness > 232 || contrast < 8;
  return is_blank ? lively / 1'000 : lively;
}

class Sheets {
 public:
  Sheets(const Board& board, const Taker& taker) : board_(board), taker_(taker) {}

  base::Result<void> place(const AVFrame& still, std::int64_t tile) {
    const std::int64_t place = tile % board_.tiles_per_sheet();
    if (place == 0) {
      // All sheets have one size: a tile's place is found by dividing.
      auto blank =
          black_still(board_.columns * board_.tile_width, board_.rows * board_.tile_height);
      if (!blank) return std::unexpected(blank.error());
      sheet_ = std::move(*blank);
    }
    const auto x = static_cast<int>(place % board_.columns) * board_.tile_width;
    const auto y = static_cast<int>(place / board_.columns) * board_.tile_height;
    for (int plane = 0; plane < 3; ++plane) {
      const int half = plane == 0 ? 1 : 2;
      av_image_copy_plane(
          sheet_->data[plane] + std::ptrdiff_t{y / half} * sheet_->linesize[plane] + x / half,
          sheet_->linesize[plane], still.data[plane], still.linesize[plane],
          board_.tile_width / half, board_.tile_height / half);
    }
    const bool is_full = place + 1 == board_.tiles_per_sheet() || tile + 1 == board_.tiles;
    if (!is_full) return {};
    auto bytes = encode_jpeg(*sheet_, kSheetCoarseness);
    if (!bytes) return std::unexpected(bytes.error());
    return taker_.product(
        {.key = "images/0/sheet/" + std::to_string(tile / board_.tiles_per_sheet()),
         .bytes = std::move(*bytes)});
  }

 private:
  const Board& board_;
  const Taker& taker_;
  FramePtr sheet_;
};

class Poster {
 public:
  Poster(const json& spec, int matrix)
      : scaler_(Scaler::for_stills(spec.at("poster_width"), spec.at("poster_height"), matrix)) {}

  // `tile`: the same picture, small.
  base::Result<void> consider(const AVFrame& picture, const AVFrame& tile) {
    const double lively = liveliness(tile);
    if (best_ != nullptr && lively <= liveliest_) return {};
    auto still = scaler_.scale(picture);
    if (!still) return std::unexpected(still.error());
    best_ = std::move(*still);
    liveliest_ = lively;
    return {};
  }

  base::Result<void> give(const Taker& taker) {
    auto bytes = encode_jpeg(*best_, kPosterCoarseness);
    if (!bytes) return std::unexpected(bytes.error());
    return taker.product({.key = "images/0/poster", .bytes = std::move(*bytes)});
  }

 private:
  Scaler scaler_;
  FramePtr best_;
  double liveliest_ = 0;
};

base::Result<void> fill(PictureSampler& sampler, const json& spec, const Taker& taker) {
  const Board board(spec);
  const int matrix = spec.at("video").value("color", json::array({1, 1, 1})).at(2);
  Scaler tile_scaler = Scaler::for_stills(board.tile_width, board.tile_height, matrix);
  Poster poster(spec, matrix);
  Sheets sheets(board, taker);
  FramePtr tile;  // The one before stands in for what can't be decoded.
  std::int64_t without = 0;
  for (std::int64_t n = 0; n < board.tiles; ++n) {
    const auto window = board.window(n);
    auto picture = sampler.sample(window);
    if (!picture) return std::unexpected(picture.error());
    taker.position(window.to_us);
    if (*picture == nullptr && tile == nullptr) {
      ++without;
      continue;
    }
    if (*picture != nullptr) {
      auto scaled = tile_scaler.scale(**picture);
      if (!scaled) return std::unexpected(scaled.error());
      tile = std::move(*scaled);
      if (n <= board.tiles / 2 || without > 0) {
        if (auto seen = poster.consider(**picture, *tile); !seen) return seen;
      }
    }
    // The first that there is shows what came before it, too.
    for (; without > 0; --without) {
      if (auto placed = sheets.place(*tile, n - without); !placed) return placed;
    }
    if (auto placed = sheets.place(*tile, n); !placed) return placed;
  }
  if (tile == nullptr) {
    return base::fail(base::ErrorCode::kCorrupt, "Not one picture of the file can be decoded.",
                      base::Blame::kClient);
  }
  return poster.give(taker);
}

}  // namespace

base::Result<void> make_images(ByteSource& source, const json& spec, const Taker& taker) {
  try {
    const int width_max =
        std::max(spec.at("poster_width").get<int>(), spec.at("poster_height").get<int>());
    auto sampler = PictureSampler::open(source, spec.at("container").get<std::string>(),
                                        spec.at("video"), width_max);
    if (!sampler) return std::unexpected(sampler.error());
    return fill(**sampler, spec, taker);
  } catch (const json::exception& error) {
    return base::fail(base::ErrorCode::kInvalid,
                      std::string("the spec of a task: ") + error.what());
  }
}

}  // namespace media
