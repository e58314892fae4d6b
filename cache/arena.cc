// The reservation is an array of 64 KiB pages. A page is whole (one block), or carved into equal
// blocks of a smaller class, or free. Free pages form a stack; pages never touched yet are handed
// out last, in order of address, so that `resident` is a high-water mark.
//
// A carved page keeps its free blocks as bits of one word (64 blocks of 1 KiB just fit). Each class
// links its pages that have some bit set; a page whose blocks are all free again goes back to the
// stack. Block headers lie apart from the data, which stays aligned for direct I/O: those of whole
// pages in one array, those of a carved page allocated with the carving.
#include "cache/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

#if defined(__SANITIZE_ADDRESS__)
#define HEADRACE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEADRACE_ASAN 1
#endif
#endif
#ifdef HEADRACE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace cache {
namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};
constexpr std::size_t kClassBytesMin = 1024;
constexpr std::size_t kClasses = 7;  // 1, 2, 4, 8, 16, 32, 64 KiB.
constexpr std::size_t kWhole = kClasses - 1;
static_assert(kClassBytesMin << kWhole == kBlockBytes);
static_assert(kBlockBytes / kClassBytesMin <= 64, "a page's free blocks are the bits of one word");

constexpr std::size_t class_of(std::size_t bytes) {
  return bytes <= kClassBytesMin
             ? 0
             : static_cast<std::size_t>(std::bit_width((bytes - 1) / kClassBytesMin));
}
static_assert(class_of(1) == 0 && class_of(1024) == 0 && class_of(1025) == 1);
static_assert(class_of(32 * 1024) == 5 && class_of(32 * 1024 + 1) == 6 && class_of(65536) == 6);

// Bytes of a free block may be read or written by nobody; a sanitizer build catches who does.
void forbid([[maybe_unused]] const char* data, [[maybe_unused]] std::size_t bytes) {
#ifdef HEADRACE_ASAN
  ASAN_POISON_MEMORY_REGION(data, bytes);
#endif
}
void permit([[maybe_unused]] const char* data, [[maybe_unused]] std::size_t bytes) {
#ifdef HEADRACE_ASAN
  ASAN_UNPOISON_MEMORY_REGION(data, bytes);
#endif
}

}  // namespace

struct Arena::State {
  struct Page {
    std::unique_ptr<Block[]> carved;  // Headers of its blocks; null for a whole or free page.
    std::uint64_t free = 0;           // Bits of its free blocks.
    std::uint32_t next = kNone;       // In the stack of free pages, or its class's list.
    std::uint32_t previous = kNone;   // In its class's list.
  };
  // Pages of one class with a free block, newest first.
  struct alignas(64) Class {
    base::Mutex mutex;
    std::uint32_t first GUARDED_BY(mutex) = kNone;
  };

  char* data = nullptr;
  std::size_t page_count = 0;
  std::unique_ptr<Block[]> whole;  // Header of page i as one block.
  // A page's members belong to the class that holds it, else to the stack, under their locks.
  std::vector<Page> pages;
  std::array<Class, kWhole> classes;

  alignas(64) base::Mutex mutex;  // Of the stack. Taken last.
  std::uint32_t free_first GUARDED_BY(mutex) = kNone;
  std::size_t untouched_first GUARDED_BY(mutex) = 0;

  std::atomic<std::uint64_t> used{0};

  [[nodiscard]] std::uint32_t page_of(const Block& block) const {
    return static_cast<std::uint32_t>(static_cast<std::size_t>(block.data_ - data) / kBlockBytes);
  }

  std::uint32_t take_page() {
    const base::MutexLock lock(mutex);
    if (free_first != kNone) {
      const std::uint32_t page = free_first;
      free_first = pages[page].next;
      return page;
    }
    return untouched_first < page_count ? static_cast<std::uint32_t>(untouched_first++) : kNone;
  }

  void give_page(std::uint32_t page) {
    const base::MutexLock lock(mutex);
    pages[page].next = free_first;
    free_first = page;
  }

  void link(Class& list, std::uint32_t page) REQUIRES(list.mutex) {
    pages[page].previous = kNone;
    pages[page].next = list.first;
    if (list.first != kNone) pages[list.first].previous = page;
    list.first = page;
  }

  void unlink(Class& list, std::uint32_t page) REQUIRES(list.mutex) {
    const Page& gone = pages[page];
    (gone.previous == kNone ? list.first : pages[gone.previous].next) = gone.next;
    if (gone.next != kNone) pages[gone.next].previous = gone.previous;
  }

  Block* take_small(Arena& arena, std::size_t size_class) {
    Class& list = classes[size_class];
    const base::MutexLock lock(list.mutex);
    if (list.first == kNone) {
      const std::uint32_t page = take_page();
      if (page == kNone) return nullptr;
      carve(arena, page, size_class);
      link(list, page);
    }
    const std::uint32_t at = list.first;
    Page& page = pages[at];
    const auto slot = static_cast<std::size_t>(std::countr_zero(page.free));
    page.free &= page.free - 1;
    if (page.free == 0) unlink(list, at);
    return &page.carved[slot];
  }

  void carve(Arena& arena, std::uint32_t page, std::size_t size_class) {
    const std::size_t bytes = kClassBytesMin << size_class;
    const std::size_t count = kBlockBytes / bytes;
    pages[page].carved.reset(new Block[count]);
    pages[page].free = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    for (std::size_t i = 0; i < count; ++i) {
      Block& block = pages[page].carved[i];
      block.arena_ = &arena;
      block.data_ = data + page * kBlockBytes + i * bytes;
      block.capacity_ = static_cast<std::uint32_t>(bytes);
    }
  }

  void give_small(const Block& block, std::uint32_t at) {
    const std::size_t size_class = class_of(block.capacity_);
    const std::size_t count = kBlockBytes / block.capacity_;
    const std::uint64_t all = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    std::unique_ptr<Block[]> emptied;  // `block` is among these: freed last.
    Class& list = classes[size_class];
    {
      const base::MutexLock lock(list.mutex);
      Page& page = pages[at];
      const std::uint64_t before = page.free;
      page.free |= std::uint64_t{1} << (&block - page.carved.get());
      CHECK(page.free != before);
      if (page.free == all) {
        if (before != 0) unlink(list, at);
        emptied = std::move(page.carved);
        page.free = 0;
      } else if (before == 0) {
        link(list, at);
      }
    }
    if (emptied) give_page(at);
  }
};

Arena::Arena(base::Bytes capacity) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.page_count = std::max<std::size_t>(capacity.count(), 1 << 20) / kBlockBytes;
  CHECK(state.page_count < kNone);
  const std::size_t bytes = state.page_count * kBlockBytes;
  void* const reserved = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(reserved != MAP_FAILED);
  // Bodies are read in runs of 64 KiB by the kernel and by AES: huge pages spare the TLB. Refusal
  // does no harm.
  ::madvise(reserved, bytes, MADV_HUGEPAGE);
  state.data = static_cast<char*>(reserved);
  forbid(state.data, bytes);
  state.pages.resize(state.page_count);
  state.whole.reset(new Block[state.page_count]);
  for (std::size_t i = 0; i < state.page_count; ++i) {
    state.whole[i].arena_ = this;
    state.whole[i].data_ = state.data + i * kBlockBytes;
    state.whole[i].capacity_ = kBlockBytes;
  }
}

Arena::~Arena() {
  CHECK(state_->used.load() == 0);
  const std::size_t bytes = state_->page_count * kBlockBytes;
  permit(state_->data, bytes);
  CHECK(::munmap(state_->data, bytes) == 0);
}

base::Ref<Block> Arena::allocate(std::size_t bytes) {
  CHECK(bytes >= 1 && bytes <= kBlockBytes);
  State& state = *state_;
  const std::size_t size_class = class_of(bytes);
  Block* block = nullptr;
  if (size_class == kWhole) {
    const std::uint32_t page = state.take_page();
    if (page != kNone) block = &state.whole[page];
  } else {
    block = state.take_small(*this, size_class);
  }
  if (block == nullptr) return nullptr;
  state.used.fetch_add(block->capacity_, std::memory_order_relaxed);
  permit(block->data_, block->capacity_);
  return base::Ref<Block>(block);
}

bool Block::lend() const {
  if (capacity_ < kBlockBytes) return false;
  const std::uint8_t asked = asked_.load(std::memory_order_relaxed);
  if (asked == kLendAfter) return true;
  // A count lost to a race is harmless; that it ever falls back from kLendAfter would not be.
  std::uint8_t before = asked;
  asked_.compare_exchange_strong(before, static_cast<std::uint8_t>(asked + 1),
                                 std::memory_order_relaxed);
  return false;
}

void Block::dispose() noexcept {
  Arena::State& state = *arena_->state_;
  // The mapping lets go of the pages, whoever else holds them.
  if (asked_.exchange(0, std::memory_order_relaxed) == kLendAfter) {
    CHECK(::madvise(data_, capacity_, MADV_DONTNEED) == 0);
  }
  forbid(data_, capacity_);
  state.used.fetch_sub(capacity_, std::memory_order_relaxed);
  const std::uint32_t page = state.page_of(*this);
  if (capacity_ == kBlockBytes) {
    state.give_page(page);
  } else {
    state.give_small(*this, page);
  }
}

base::Bytes Arena::capacity() const { return base::Bytes(state_->page_count * kBlockBytes); }

base::Bytes Arena::used() const {
  return base::Bytes(state_->used.load(std::memory_order_relaxed));
}

base::Bytes Arena::resident() const {
  const base::MutexLock lock(state_->mutex);
  return base::Bytes(state_->untouched_first * kBlockBytes);
}

}  // namespace cache
