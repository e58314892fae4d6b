// One simulated run of the store: clients come, read and leave, pages change, purges are asked for,
// the process is killed, all as one seed says, while an oracle holds every byte that is served
// against what the origin could have meant. docs/simulation.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "cache/store.h"
#include "tests/cache/simulated_disk.h"
#include "tests/cache/simulated_origin.h"
#include "tests/cache/simulated_world.h"
#include "tests/cache/store_client.h"

namespace cache {

struct SimulationOptions {
  std::uint64_t seed = 1;
  int clients = 120;  // In all.
  bool disk = false;
  bool kills = false;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation();

  // Empty: nothing wrong. Otherwise what was, in one line.
  std::string run();
  [[nodiscard]] std::uint64_t trace() const { return world_.trace(); }

  struct Tally {
    std::uint64_t served = 0, from_cache = 0, from_disk = 0, failed = 0, passed = 0, left = 0,
                  purges = 0, kills = 0, requests = 0;
  };
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Guest;

  void make_pages();
  void open_store();
  void kill();
  void plan_disk_fault();
  void begin_client();
  void begin_purge();
  void change_page();
  void look_at_guests();
  void check(const Guest& guest);
  void act();
  void settle();
  void visit(std::uint32_t page);
  void wrong(const Guest& guest, const std::string& what);
  [[nodiscard]] bool concerns(const Purge& purge, const Page& page) const;

  const SimulationOptions options_;
  SimulatedWorld world_;
  SimulatedVersions versions_;
  std::vector<Page> pages_;
  std::vector<std::uint32_t> floors_;  // Per page: nothing older may be served to who comes now.
  SimulatedWorld::Thread* loops_[2] = {};
  SimulatedWorld::Thread* fill_threads_[2] = {};
  SimulatedWorld::Thread* readers_ = nullptr;
  SimulatedWorld::Thread* writer_ = nullptr;
  SimulatedWorld::Thread* index_ = nullptr;
  std::vector<std::unique_ptr<SimulatedOrigin>> origins_;
  std::unique_ptr<SimulatedDisk> disk_;
  std::unique_ptr<base::Metrics> metrics_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Guest>> guests_;
  std::shared_ptr<const CachePolicy> policy_ = std::make_shared<CachePolicy>();
  bool power_goes_ = false;
  int begun_ = 0;
  std::uint64_t epoch_ = 0;  // Counts the kills, so that acknowledgements from before are no news.
  std::string wrong_;
  Tally tally_;
};

}  // namespace cache
