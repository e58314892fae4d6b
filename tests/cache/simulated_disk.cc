#include "tests/cache/simulated_disk.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace cache {
namespace {

constexpr std::uint64_t kPage = 4096;

rocksdb::Status status_of(SimulatedDisk::Fault fault) {
  if (fault == SimulatedDisk::Fault::kNoSpace) return rocksdb::Status::NoSpace("simulated");
  return rocksdb::Status::IOError("simulated");
}

}  // namespace

std::unique_ptr<SimulatedDisk::Fault> SimulatedDisk::point() {
  const base::MutexLock lock(mutex_);
  if (dead_) return std::make_unique<Fault>(Fault::kPowerCut);
  ++points_;
  if (fails_at_ == 0 || points_ < fails_at_ || points_ - fails_at_ >= fails_count_) return nullptr;
  struck_ = true;
  dead_ = fault_ == Fault::kPowerCut;
  return std::make_unique<Fault>(fault_);
}

bool SimulatedDisk::dead() const {
  const base::MutexLock lock(mutex_);
  return dead_;
}

base::Result<void> SimulatedDisk::file_point(const char* call) {
  const auto fault = point();
  if (!fault) return {};
  return base::fail(*fault == Fault::kNoSpace ? base::ErrorCode::kNoSpace : base::ErrorCode::kIo,
                    std::string(call) + ": simulated");
}

class SimulatedDisk::OpenFile final : public File {
 public:
  OpenFile(SimulatedDisk& disk, std::shared_ptr<Node> node) : disk_(disk), node_(std::move(node)) {}

  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    const base::MutexLock lock(disk_.mutex_);
    if (disk_.dead_) return base::fail(base::ErrorCode::kIo, "read: simulated");
    if (offset + into.size() > node_->now.size()) {
      return base::fail(base::ErrorCode::kCorrupt, "read: ends too early");
    }
    std::memcpy(into.data(), node_->now.data() + offset, into.size());
    return {};
  }

  base::Result<void> write(std::uint64_t offset, std::span<const char> bytes) override {
    const auto fault = disk_.point();
    std::size_t count = bytes.size();
    // Whatever goes wrong, some of it may have been written.
    if (fault) count = *fault == Fault::kShortWrite || *fault == Fault::kPowerCut ? count / 2 : 0;
    const base::MutexLock lock(disk_.mutex_);
    if (count > 0) {
      if (node_->now.size() < offset + count) node_->now.resize(offset + count);
      std::memcpy(node_->now.data() + offset, bytes.data(), count);
      for (std::uint64_t page = offset / kPage; page <= (offset + count - 1) / kPage; ++page) {
        node_->unsynced.insert(page);
      }
    }
    if (!fault) return {};
    return base::fail(*fault == Fault::kNoSpace ? base::ErrorCode::kNoSpace : base::ErrorCode::kIo,
                      "write: simulated");
  }

  base::Result<void> allocate(std::uint64_t size) override {
    if (auto ok = disk_.file_point("allocate"); !ok) return ok;
    const base::MutexLock lock(disk_.mutex_);
    if (node_->now.size() >= size) return {};
    std::uint64_t others = 0;
    for (const auto& [name, node] : disk_.nodes_) others += node->now.size();
    if (others - node_->now.size() + size > disk_.files_max_) {
      return base::fail(base::ErrorCode::kNoSpace, "allocate: simulated");
    }
    node_->now.resize(size);
    return {};
  }

  base::Result<void> sync() override {
    if (auto ok = disk_.file_point("sync"); !ok) return ok;
    const base::MutexLock lock(disk_.mutex_);
    node_->durable = node_->now;
    node_->unsynced.clear();
    node_->name_durable = true;
    return {};
  }

 private:
  SimulatedDisk& disk_;
  const std::shared_ptr<Node> node_;
};

class SimulatedDisk::Files final : public FileSystem {
 public:
  explicit Files(SimulatedDisk& disk) : disk_(disk) {}

  base::Result<std::unique_ptr<File>> open(const std::string& path, bool create) override {
    {
      const base::MutexLock lock(disk_.mutex_);
      if (disk_.dead_) return base::fail(base::ErrorCode::kIo, "open: simulated");
      if (const auto found = disk_.nodes_.find(path); found != disk_.nodes_.end()) {
        return std::make_unique<OpenFile>(disk_, found->second);
      }
    }
    if (!create) return base::fail(base::ErrorCode::kNotFound, "open " + path);
    if (auto ok = disk_.file_point("create"); !ok) return std::unexpected(ok.error());
    const base::MutexLock lock(disk_.mutex_);
    return std::make_unique<OpenFile>(disk_, disk_.nodes_[path] = std::make_shared<Node>());
  }

  base::Result<void> remove(const std::string& path) override {
    if (auto ok = disk_.file_point("remove"); !ok) return ok;
    const base::MutexLock lock(disk_.mutex_);
    if (disk_.nodes_.erase(path) == 0) return base::fail(base::ErrorCode::kNotFound, path);
    return {};
  }

  base::Result<void> rename(const std::string& from, const std::string& to) override {
    if (auto ok = disk_.file_point("rename"); !ok) return ok;
    const base::MutexLock lock(disk_.mutex_);
    auto node = disk_.nodes_.extract(from);
    if (node.empty()) return base::fail(base::ErrorCode::kNotFound, from);
    disk_.nodes_[to] = node.mapped();
    return {};
  }

  base::Result<void> make_directory(const std::string& /*path*/) override {
    if (disk_.dead()) return base::fail(base::ErrorCode::kIo, "make directory: simulated");
    return {};
  }

  base::Result<std::vector<std::string>> list(const std::string& path) override {
    const base::MutexLock lock(disk_.mutex_);
    if (disk_.dead_) return base::fail(base::ErrorCode::kIo, "list: simulated");
    std::vector<std::string> names;
    for (const auto& [name, node] : disk_.nodes_) {
      if (name.starts_with(path + "/") && name.find('/', path.size() + 1) == std::string::npos) {
        names.push_back(name.substr(path.size() + 1));
      }
    }
    return names;
  }

 private:
  SimulatedDisk& disk_;
};

class SimulatedDisk::EnvFile final : public rocksdb::WritableFileWrapper {
 public:
  EnvFile(SimulatedDisk& disk, std::unique_ptr<rocksdb::WritableFile> file,
          std::shared_ptr<Tail> tail)
      : WritableFileWrapper(file.get()),
        disk_(disk),
        file_(std::move(file)),
        tail_(std::move(tail)) {}

  rocksdb::Status Append(const rocksdb::Slice& data) override {
    const auto fault = disk_.point();
    if (!fault) return file_->Append(data);
    if (*fault == Fault::kShortWrite || *fault == Fault::kPowerCut) {
      file_->Append(rocksdb::Slice(data.data(), data.size() / 2)).PermitUncheckedError();
    }
    return status_of(*fault);
  }
  rocksdb::Status Append(const rocksdb::Slice& data,
                         const rocksdb::DataVerificationInfo& /*info*/) override {
    return Append(data);
  }
  rocksdb::Status Sync() override {
    if (const auto fault = disk_.point()) return status_of(*fault);
    const auto status = file_->Sync();
    const std::uint64_t size = file_->GetFileSize();
    const base::MutexLock lock(disk_.mutex_);
    tail_->synced = size;
    tail_->ever_synced = true;
    return status;
  }
  rocksdb::Status Fsync() override { return Sync(); }
  // Not a promise: see sync_file_range(2).
  rocksdb::Status RangeSync(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) override {
    return rocksdb::Status::OK();
  }

 private:
  SimulatedDisk& disk_;
  const std::unique_ptr<rocksdb::WritableFile> file_;
  const std::shared_ptr<Tail> tail_;
};

class SimulatedDisk::Env final : public rocksdb::EnvWrapper {
 public:
  explicit Env(SimulatedDisk& disk, rocksdb::Env* memory) : EnvWrapper(memory), disk_(disk) {}

  rocksdb::Status NewWritableFile(const std::string& name,
                                  std::unique_ptr<rocksdb::WritableFile>* made,
                                  const rocksdb::EnvOptions& options) override {
    if (const auto fault = disk_.point()) return status_of(*fault);
    std::unique_ptr<rocksdb::WritableFile> file;
    const auto status = target()->NewWritableFile(name, &file, options);
    if (!status.ok()) return status;
    auto tail = std::make_shared<Tail>();
    {
      const base::MutexLock lock(disk_.mutex_);
      disk_.tails_[name] = tail;
    }
    *made = std::make_unique<EnvFile>(disk_, std::move(file), std::move(tail));
    return status;
  }
  rocksdb::Status ReopenWritableFile(const std::string& /*name*/,
                                     std::unique_ptr<rocksdb::WritableFile>* /*made*/,
                                     const rocksdb::EnvOptions& /*options*/) override {
    return rocksdb::Status::NotSupported("simulated");
  }
  rocksdb::Status ReuseWritableFile(const std::string& /*name*/, const std::string& /*old*/,
                                    std::unique_ptr<rocksdb::WritableFile>* /*made*/,
                                    const rocksdb::EnvOptions& /*options*/) override {
    return rocksdb::Status::NotSupported("simulated");
  }
  rocksdb::Status DeleteFile(const std::string& name) override {
    if (const auto fault = disk_.point()) return status_of(*fault);
    const base::MutexLock lock(disk_.mutex_);
    disk_.tails_.erase(name);
    return target()->DeleteFile(name);
  }
  rocksdb::Status RenameFile(const std::string& from, const std::string& to) override {
    if (const auto fault = disk_.point()) return status_of(*fault);
    const base::MutexLock lock(disk_.mutex_);
    if (auto tail = disk_.tails_.extract(from)) disk_.tails_[to] = tail.mapped();
    return target()->RenameFile(from, to);
  }
  rocksdb::Status NewRandomAccessFile(const std::string& name,
                                      std::unique_ptr<rocksdb::RandomAccessFile>* made,
                                      const rocksdb::EnvOptions& options) override {
    if (disk_.dead()) return rocksdb::Status::IOError("simulated");
    return target()->NewRandomAccessFile(name, made, options);
  }

 private:
  SimulatedDisk& disk_;
};

SimulatedDisk::SimulatedDisk(std::uint32_t seed)
    : random_(seed),
      memory_env_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
      files_(std::make_unique<Files>(*this)),
      env_(std::make_unique<Env>(*this, memory_env_.get())) {}
SimulatedDisk::~SimulatedDisk() = default;

FileSystem& SimulatedDisk::files() { return *files_; }
rocksdb::Env* SimulatedDisk::env() { return env_.get(); }

void SimulatedDisk::fail(std::uint64_t at, Fault fault, std::uint64_t count) {
  const base::MutexLock lock(mutex_);
  fails_at_ = at;
  fails_count_ = count;
  fault_ = fault;
  struck_ = false;
}

void SimulatedDisk::limit_files(base::Bytes bytes) {
  const base::MutexLock lock(mutex_);
  files_max_ = bytes.count();
}

std::uint64_t SimulatedDisk::points() const {
  const base::MutexLock lock(mutex_);
  return points_;
}

bool SimulatedDisk::struck() const {
  const base::MutexLock lock(mutex_);
  return struck_;
}

void SimulatedDisk::restore_power(Lost lost) {
  const base::MutexLock lock(mutex_);
  const auto stays = [&]() REQUIRES(mutex_) {
    return lost == Lost::kNothing || (lost == Lost::kSome && random_() % 2 == 0);
  };
  std::erase_if(nodes_, [&](const auto& named)
                            REQUIRES(mutex_) { return !named.second->name_durable && !stays(); });
  for (const auto& [name, node] : nodes_) {
    // Reserved space is zeros; pages that were not synced are there or not, each for itself.
    node->durable.resize(stays() || !node->durable.empty() ? node->now.size() : 0);
    for (const std::uint64_t page : node->unsynced) {
      const std::uint64_t begin = page * kPage;
      if (begin >= node->durable.size() || !stays()) continue;
      const std::uint64_t count = std::min(kPage, node->durable.size() - begin);
      node->durable.replace(begin, count, node->now, begin, count);
    }
    node->now = node->durable;
    node->unsynced.clear();
    node->name_durable = true;
  }
  for (const auto& [name, tail] : tails_) {
    std::string bytes;
    if (!rocksdb::ReadFileToString(memory_env_.get(), name, &bytes).ok()) continue;
    if (bytes.size() > tail->synced && lost != Lost::kNothing) {
      std::uint64_t kept = tail->synced;
      if (lost == Lost::kSome) {
        kept += random_() % (bytes.size() - kept + 1);
        // A page in the middle that did not make it.
        if (kept > tail->synced && random_() % 2 == 0) {
          const std::uint64_t hole = tail->synced + random_() % (kept - tail->synced);
          bytes.replace(hole, std::min(kPage, kept - hole), std::min(kPage, kept - hole), '\0');
        }
      }
      bytes.resize(kept);
      memory_env_->DeleteFile(name).PermitUncheckedError();
      if (kept > 0 || tail->ever_synced) {
        rocksdb::WriteStringToFile(memory_env_.get(), bytes, name).PermitUncheckedError();
      }
    }
    tail->synced = bytes.size();
    tail->ever_synced = true;
  }
  dead_ = false;
  struck_ = false;
  fails_at_ = 0;
}

}  // namespace cache
