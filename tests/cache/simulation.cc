#include "tests/cache/simulation.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace cache {
namespace {

constexpr std::uint32_t kPages = 12;
constexpr std::uint32_t kChunk = 64 * 1024;
constexpr std::uint64_t kDiskBytes = 12u << 20;

std::uint32_t number_in(const base::Fields& fields, std::string_view name) {
  std::uint32_t number = 0;
  const auto text = fields.find(name).value_or("");
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

// A client and what the oracle has to know about it.
struct Simulation::Guest {
  Guest(Store& store, SimulatedWorld::Thread& loop, const base::Clock& clock)
      : client(store, loop, clock) {}
  StoreClient client;
  std::uint32_t page = 0;
  std::string language;
  std::optional<Span> range;
  std::uint32_t floor = 0;  // The oldest version that it may be served.
  bool stays = true;        // Else it leaves before the end.
};

Simulation::Simulation(const SimulationOptions& options)
    : options_(options), world_(options.seed), versions_(world_.dice) {
  for (auto*& loop : loops_) loop = &world_.make_thread();
  for (auto*& thread : fill_threads_) thread = &world_.make_thread();
  readers_ = &world_.make_thread(true);
  writer_ = &world_.make_thread();
  index_ = &world_.make_thread();
  make_pages();
  for (auto* thread : fill_threads_) {
    origins_.push_back(std::make_unique<SimulatedOrigin>(world_, *thread, pages_));
  }
  if (options_.disk) {
    disk_ = std::make_unique<SimulatedDisk>(static_cast<std::uint32_t>(world_.dice.next()));
  }
  open_store();
  plan_disk_fault();
}

Simulation::~Simulation() {
  guests_.clear();
  world_.drop_all();
  store_.reset();
  world_.drop_all();
}

void Simulation::make_pages() {
  constexpr std::string_view kControls[] = {
      "max-age=3600",
      "max-age=3600",
      "max-age=3600",
      "max-age=1",
      "max-age=1, stale-while-revalidate=5, stale-if-error=60",
      "no-cache"};
  Dice& dice = world_.dice;
  for (std::uint32_t i = 0; i < kPages; ++i) {
    Page page{.index = i};
    if (dice.one_in(4)) page.etag = dice.one_in(2) ? Page::Etag::kWeak : Page::Etag::kNone;
    page.sends_ranges = !dice.one_in(5);
    page.sends_length = !dice.one_in(5);
    page.varies = dice.one_in(5);
    page.same_size = dice.one_in(2);
    page.cache_control = kControls[dice.below(std::size(kControls))];
    page.size_max = dice.one_in(3) ? 3'000 : 8 * kChunk;
    pages_.push_back(page);
  }
  floors_.assign(kPages, 0);
}

void Simulation::open_store() {
  metrics_ = std::make_unique<base::Metrics>();
  StoreOptions options;
  options.memory_max = base::Bytes((world_.dice.one_in(4) ? 20u : 4 + world_.dice.below(3)) << 20);
  options.policy = static_cast<Policy>(world_.dice.below(3));
  options.chunk_size = kChunk;
  options.fill_finish_max = base::Bytes(2 * kChunk);
  options.unvalidated_max = base::Bytes(6 * kChunk);
  options.pipe_max = base::Bytes(32 * 1024);
  StoreContext context{
      .clock = world_.clock, .metrics = *metrics_, .versions = versions_, .fill_threads = {}};
  for (std::size_t i = 0; i < origins_.size(); ++i) {
    auto* const thread = fill_threads_[i];
    context.fill_threads.push_back(
        {*thread, *origins_[i],
         [this, thread](std::chrono::milliseconds delay, base::Executor::Task task) {
           world_.after(*thread, delay, std::move(task));
         }});
  }
  if (disk_) {
    options.disk = DiskTierOptions{.path = "/cache",
                                   .size_max = base::Bytes(kDiskBytes),
                                   .region_size = base::Bytes(1u << 20),
                                   .index_memory = base::Bytes(1u << 20),
                                   .index_env = disk_->env(),
                                   .seed = options_.seed};
    options.memory_max += options.disk->index_memory;
    context.files = &disk_->files();
    context.disk_readers = readers_;
    context.disk_writer = writer_;
    context.disk_index = index_;
  }
  auto opened = Store::open(options, context);
  if (!opened) {
    wrong_ = "the store did not open: " + opened.error().context;
    return;
  }
  store_ = std::move(*opened);
}

void Simulation::kill() {
  world_.note("kill", ++tally_.kills);
  ++epoch_;
  power_goes_ = false;
  guests_.clear();
  // Whatever the store does while it is taken apart, a dead process would not have done.
  if (disk_ && !disk_->struck()) disk_->fail(disk_->points() + 1, SimulatedDisk::Fault::kPowerCut);
  world_.drop_all();
  store_.reset();
  world_.drop_all();
  if (disk_) {
    constexpr SimulatedDisk::Lost kLost[] = {SimulatedDisk::Lost::kNothing,
                                             SimulatedDisk::Lost::kEverything,
                                             SimulatedDisk::Lost::kSome};
    disk_->restore_power(kLost[world_.dice.below(std::size(kLost))]);
  }
  open_store();
  plan_disk_fault();
}

// Somewhere ahead, the power goes in the middle of a call, or calls fail for a while.
void Simulation::plan_disk_fault() {
  if (!disk_ || !options_.kills || world_.dice.one_in(3)) return;
  const std::uint64_t at = disk_->points() + 1 + world_.dice.below(300);
  switch (world_.dice.below(6)) {
    case 0:
      return disk_->fail(at, SimulatedDisk::Fault::kIoError, 1 + world_.dice.below(4));
    case 1:
      return disk_->fail(at, SimulatedDisk::Fault::kNoSpace, 1 + world_.dice.below(40));
    case 2:
      return disk_->fail(at, SimulatedDisk::Fault::kShortWrite);
    default:
      power_goes_ = true;
      return disk_->fail(at, SimulatedDisk::Fault::kPowerCut);
  }
}

void Simulation::begin_client() {
  ++begun_;
  Dice& dice = world_.dice;
  auto guest = std::make_unique<Guest>(*store_, *loops_[dice.below(2)], world_.clock);
  // Few pages are asked for often: crowds meet.
  guest->page = static_cast<std::uint32_t>(std::min(dice.below(kPages), dice.below(kPages)));
  const Page& page = pages_[guest->page];
  guest->language = dice.one_in(2) ? "en" : "gsw";
  guest->floor = floors_[guest->page];
  StoreClient::Get get{.key_text = page.key_text(),
                       .request = {{"accept-language", guest->language}},
                       .policy = policy_};
  get.target = base::make_ref<PageTarget>(guest->page, guest->language);
  if (dice.one_in(2)) {
    const std::uint64_t first = dice.below(page.size_max + 1);
    get.range = Span{first, std::nullopt};
    if (!dice.one_in(3)) get.range->last = first + dice.below(2 * kChunk);
  }
  get.read_ahead = static_cast<std::uint32_t>(dice.below(4));
  if (dice.one_in(8)) get.stop_after = dice.below(page.size_max + 1);
  guest->range = get.range;
  guest->stays = get.stop_after == SIZE_MAX && !dice.one_in(8);
  world_.note("client", guest->page);
  guests_.push_back(std::move(guest));
  guests_.back()->client.get(std::move(get));
}

bool Simulation::concerns(const Purge& purge, const Page& page) const {
  switch (purge.kind) {
    case PurgeKind::kUrl:
      return page.key_text() == purge.text;
    case PurgeKind::kPrefix:
      return page.key_text().starts_with(purge.text);
    case PurgeKind::kTag:
      return "site\n" + page.tag() == purge.text;
    case PurgeKind::kEverything:
      return true;
  }
  return false;
}

void Simulation::begin_purge() {
  ++tally_.purges;
  Dice& dice = world_.dice;
  const Page& aim = pages_[std::min(dice.below(kPages), dice.below(kPages))];
  Purge purge;
  switch (dice.below(8)) {
    case 0:
      purge = {.kind = PurgeKind::kEverything, .text = "site\n"};
      break;
    case 1:
      purge = {.kind = PurgeKind::kPrefix, .text = "site\n/p1"};
      break;
    case 2:
    case 3:
      purge = {.kind = PurgeKind::kTag, .text = "site\n" + aim.tag()};
      break;
    default:
      purge = {.kind = PurgeKind::kUrl, .text = aim.key_text()};
      break;
  }
  purge.soft = dice.one_in(4);
  world_.note("purge", static_cast<std::uint64_t>(purge.kind));
  // The pages have changed, and now the old ones are to go.
  std::vector<std::uint32_t> floors(kPages, 0);
  for (Page& page : pages_) {
    if (!concerns(purge, page)) continue;
    floors[page.index] = ++page.version;
  }
  const bool soft = purge.soft;
  store_->purge(std::move(purge), *loops_[dice.below(2)],
                [this, floors, soft, epoch = epoch_](const base::Result<std::uint64_t>& done) {
                  if (!done || soft || epoch != epoch_) return;
                  world_.note("purged", *done);
                  for (std::uint32_t i = 0; i < kPages; ++i) {
                    floors_[i] = std::max(floors_[i], floors[i]);
                  }
                });
}

void Simulation::change_page() {
  Page& page = pages_[std::min(world_.dice.below(kPages), world_.dice.below(kPages))];
  ++page.version;
  world_.note("change", page.index);
}

void Simulation::wrong(const Guest& guest, const std::string& what) {
  if (!wrong_.empty()) return;
  wrong_ = what + " (page " + std::to_string(guest.page) + ", range " +
           (guest.range ? std::to_string(guest.range->first) + "-" +
                              (guest.range->last ? std::to_string(*guest.range->last) : "")
                        : "none") +
           ", " + std::to_string(guest.client.bytes().size()) + " bytes, error '" +
           guest.client.error().context + "')";
}

// Whatever became of it: the bytes that a client got are those of one version, none older than a
// purge that was acknowledged before it came.
void Simulation::check(const Guest& guest) {
  const StoreClient& client = guest.client;
  const bool is_private = client.opened().kind == Opened::Kind::kPrivate;
  if (!client.object() && !is_private) return;
  const base::Fields& fields =
      client.object() ? client.object()->fields()->fields : client.opened().fields;
  const int status = client.object() ? client.object()->head().status : client.opened().status;
  if (status != 200) return;
  const std::uint32_t version = number_in(fields, "x-version");
  if (version < guest.floor) {
    return wrong(guest, "served version " + std::to_string(version) +
                            " after the purge of what is older than " +
                            std::to_string(guest.floor));
  }
  const Page& page = pages_[guest.page];
  if (page.varies && fields.find("x-language") != guest.language) {
    return wrong(guest, "served another variant");
  }
  std::string body = page.body(version, guest.language);
  if (is_private && !client.object()) {
    // As it came, faults and all; only a part of it may have arrived.
    if (!std::string_view(body + "x").starts_with(client.bytes())) {
      wrong(guest, "private body with wrong bytes");
    }
    return;
  }
  std::string_view expected = body;
  if (guest.range) {
    expected.remove_prefix(std::min<std::size_t>(expected.size(), guest.range->first));
    if (guest.range->last)
      expected = expected.substr(0, *guest.range->last - guest.range->first + 1);
  }
  if (!expected.starts_with(client.bytes())) return wrong(guest, "wrong bytes");
  if (client.end() == StoreClient::End::kServed && client.bytes() != expected) {
    wrong(guest, "served short");
  }
}

void Simulation::look_at_guests() {
  std::erase_if(guests_, [this](const std::unique_ptr<Guest>& guest) {
    const StoreClient& client = guest->client;
    const bool leaves = !guest->stays && world_.dice.one_in(50);
    if (!client.done() && !leaves) return false;
    check(*guest);
    world_.note("done", client.bytes().size());
    switch (client.end()) {
      case StoreClient::End::kServed:
        ++tally_.served;
        if (!client.asked_origin()) ++tally_.from_cache;
        if (client.first_source() == Source::kDisk) ++tally_.from_disk;
        break;
      case StoreClient::End::kError:
        ++tally_.failed;
        break;
      case StoreClient::End::kNone:
        ++tally_.left;
        break;
      default:
        ++tally_.passed;
        break;
    }
    return true;
  });
}

void Simulation::act() {
  switch (world_.dice.below(30)) {
    case 0:
    case 1:
    case 2:
      return begin_purge();
    case 3:
      return change_page();
    case 4:
      if (options_.kills && world_.dice.one_in(4)) kill();
      return;
    default:
      return begin_client();
  }
}

// The clients that are left, with an honest origin: each must come to an end.
void Simulation::settle() {
  for (const auto& origin : origins_) origin->honest = true;
  std::erase_if(guests_, [](const auto& guest) { return !guest->stays; });
  std::uint64_t steps = 0;
  while (wrong_.empty() && !guests_.empty()) {
    const bool moves = world_.step() && ++steps < 2'000'000;
    if (!moves || steps % 16 == 0) look_at_guests();
    if (!moves && !guests_.empty()) return wrong(*guests_.front(), "never told");
  }
  guests_.clear();
  for (std::uint32_t page = 0; page < kPages && wrong_.empty(); ++page) visit(page);
  while (world_.step()) {
  }
  const StoreStats stats = store_->stats();
  if (stats.fills_in_flight != 0 || stats.followers != 0) {
    wrong_ = std::to_string(stats.fills_in_flight) + " fills and " +
             std::to_string(stats.followers) + " waiters left over";
  }
  if (stats.disk.used > stats.disk.capacity) wrong_ = "more on disk than allowed";
}

// Nothing that went wrong may be left behind: with an honest origin, whoever comes last gets it
// all. One more try is fair: an object that has changed or lost a part is found out by its reader.
void Simulation::visit(std::uint32_t page) {
  for (int tries = 0; wrong_.empty(); ++tries) {
    auto guest = std::make_unique<Guest>(*store_, *loops_[0], world_.clock);
    guest->page = page;
    guest->language = "en";
    guest->floor = floors_[page];
    StoreClient::Get get{.key_text = pages_[page].key_text(),
                         .request = {{"accept-language", guest->language}},
                         .policy = policy_,
                         .target = base::make_ref<PageTarget>(page, guest->language)};
    guest->client.get(std::move(get));
    while (!guest->client.done() && world_.step()) {
    }
    check(*guest);
    if (guest->client.end() == StoreClient::End::kError ||
        guest->client.end() == StoreClient::End::kNone) {
      if (tries == 2) wrong(*guest, "not served by an honest origin");
      continue;
    }
    return;
  }
}

std::string Simulation::run() {
  while (wrong_.empty() && begun_ < options_.clients) {
    if (world_.dice.one_in(30) || !world_.step()) act();
    if (wrong_.empty() && world_.dice.one_in(8)) look_at_guests();
    if (power_goes_ && disk_->struck()) kill();
  }
  if (wrong_.empty()) settle();
  for (const auto& origin : origins_) tally_.requests += origin->requests;
  return wrong_;
}

}  // namespace cache
