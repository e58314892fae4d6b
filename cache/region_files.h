// RegionFiles: the files of file regions in their directory, PATH/regions/NUMBER.
//
// Threads    make() and remove(): the writer. The rest at start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cache/file_system.h"

namespace cache {

class RegionFiles {
 public:
  RegionFiles(FileSystem& files, std::string directory, base::Bytes region_size, bool direct_io);

  base::Result<void> make_directory();
  // The numbers of the files that are there. Other names are none of ours.
  base::Result<std::vector<std::uint32_t>> list();
  base::Result<std::unique_ptr<File>> open(std::uint32_t number);
  // Creates it with its space reserved. Nothing is left behind when that fails.
  base::Result<std::unique_ptr<File>> make(std::uint32_t number);
  void remove(std::uint32_t number);

 private:
  [[nodiscard]] std::string path_of(std::uint32_t number) const;
  base::Result<std::unique_ptr<File>> open_with(std::uint32_t number, bool create);

  FileSystem& files_;
  const std::string directory_;
  const base::Bytes region_size_;
  const bool direct_io_;
};

}  // namespace cache
