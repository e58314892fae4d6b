// PictureTimes: when the pictures are shown that a decoder gives, of a stream whose packets say only when
// they are decoded. AVI's are such: the nth packet's time is the nth picture's.
//
//   packets    I0 P3 B1 B2 P6 B4 B5        as they are decoded, at 0 1 2 3 4 5 6
//   pictures         I0 B1 B2 P3 B4 B5 P6  each with the packet that is `held_back` (here 1) later than the
//                                          one whose time it takes; the last with none
//
// libavformat takes such times for the pictures' own, or adds what is held back: late by as much, and
// without a time at the end. Counting pictures would do, were none left out: after a seek, those that
// need what is before it are.
//
// Threads    One at a time.
#pragma once

#include <cstdint>
#include <deque>

namespace media {

class PictureTimes {
 public:
  // A packet goes to the decoder: when it is decoded.
  void add(std::int64_t decoded_at);
  // The decoder was flushed.
  void clear();

  // Of the next picture. `brought_by`: the time of the packet that brought it; AV_NOPTS_VALUE: none, the
  // decoder gives what it has left. `held_back`: how many pictures it holds until one is complete.
  std::int64_t next(std::int64_t brought_by, int held_back);

 private:
  // More than any decoder holds back, by reordering (16) and by threads of its own (16).
  static constexpr std::size_t kPacketsMax = 128;

  std::deque<std::int64_t> packets_;
  std::int64_t first_ = 0;   // The number of packets_.front().
  std::int64_t given_ = -1;  // Of the packet whose time was given last.
};

}  // namespace media
