// OriginPlaces: how many fetches of each origin are under way on a loop, and who waits for his
// turn.
//
// libcurl could queue by itself, but would not say that it does: its wait for a connection looks
// like an origin that can't be reached. Here it is counted, bounded and nobody's fault.
//
// Ownership  Refers to transfers between ask() and leave().
// Threads    Its loop's only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace http {

class Transfer;

class OriginPlaces {
 public:
  enum class Answer {
    kTaken,  // Go on.
    kWaits,  // In line; a next() will name it.
    kFull,   // The line is full: neither.
  };
  // `places`: of this origin, by the latest who asked. `line`: how many may wait.
  Answer ask(Transfer& transfer, const std::string& origin, std::uint32_t places, std::size_t line);
  // Gives up the transfer's place, or its wait.
  void leave(Transfer& transfer);
  // Whose turn it is now, if anyone's: he has the place. To be called until it gives null after
  // each ask() (which may have raised `places`) and leave().
  Transfer* next(const std::string& origin);

  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  struct Origin {
    std::size_t taken = 0;
    std::uint32_t places = 0;
    std::list<Transfer*> line;  // Oldest first.
  };
  struct Standing {
    std::string origin;
    bool has_place = false;
    std::list<Transfer*>::iterator in_line;
  };
  std::unordered_map<std::string, Origin> origins_;
  std::unordered_map<Transfer*, Standing> standing_;
  std::size_t waiting_ = 0;
};

}  // namespace http
