# Debian 12's packages; scripts/install-dependencies names them for apt-get.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(RocksDB REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost 1.81 REQUIRED)

pkg_check_modules(libevent_core REQUIRED IMPORTED_TARGET libevent)
pkg_check_modules(libevent_pthreads REQUIRED IMPORTED_TARGET libevent_pthreads)
pkg_check_modules(libnghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(libxxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(libtomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp)

add_library(libevent::core ALIAS PkgConfig::libevent_core)
add_library(libevent::pthreads ALIAS PkgConfig::libevent_pthreads)
add_library(nghttp2::nghttp2 ALIAS PkgConfig::libnghttp2)
add_library(xxhash::xxhash ALIAS PkgConfig::libxxhash)
add_library(seccomp::seccomp ALIAS PkgConfig::libseccomp)
add_library(tomlplusplus::tomlplusplus ALIAS PkgConfig::libtomlplusplus)
if(TARGET RocksDB::rocksdb-shared AND NOT TARGET RocksDB::rocksdb)
  add_library(RocksDB::rocksdb ALIAS RocksDB::rocksdb-shared)
endif()

find_library(PROMETHEUS_CORE prometheus-cpp-core REQUIRED)
add_library(prometheus-cpp::core UNKNOWN IMPORTED)
set_target_properties(prometheus-cpp::core PROPERTIES IMPORTED_LOCATION ${PROMETHEUS_CORE})

# Debian's SOCI has its libraries without CMake's words for them.
add_library(soci::soci INTERFACE IMPORTED)
foreach(part core sqlite3 postgresql)
  find_library(SOCI_${part} NAMES soci_${part} REQUIRED)
  target_link_libraries(soci::soci INTERFACE ${SOCI_${part}})
endforeach()
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
target_link_libraries(soci::soci INTERFACE PkgConfig::sqlite3 PkgConfig::libpq)

pkg_check_modules(libav REQUIRED IMPORTED_TARGET libavformat libavcodec libavfilter libavutil
                  libswscale libswresample)
add_library(libav::libav ALIAS PkgConfig::libav)
