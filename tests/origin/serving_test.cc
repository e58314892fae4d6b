// The origin over a real socket, asked by our own client: directory → endpoint → server → client.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/server.h"
#include "origin/local_store.h"
#include "origin/media_endpoint.h"
#include "origin/node.h"
#include "tests/http/fetch_fixture.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

struct Serving : http::FetchFixture {
  Serving() {
    std::string pattern = (fs::temp_directory_path() / "headrace-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root = pattern;
    for (int i = 0; i < 5'000'000; ++i) bytes += static_cast<char>(i * 2654435761U >> 13);
    std::ofstream(root / "v.mp4", std::ios::binary) << bytes;
    store.emplace(*LocalStore::at(root, clock));
    endpoint.emplace(*store, 2, MediaRules::defaults(), clock, metrics);
    http::EventLoop* const loops[] = {&loop};
    server.emplace(loops,
                   std::vector<http::Handler>{[this](auto& e) { return endpoint->respond(e); }},
                   http::Limits{}, metrics);
    port = *server->listen("127.0.0.1:0", nullptr);
  }
  ~Serving() override { fs::remove_all(root); }

  [[nodiscard]] std::string url(std::string_view target) const {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(target);
  }
  http::Viewer fetch_with(base::Fields fields, std::string_view target = "/v.mp4") {
    http::FetchRequest request = get(url(target));
    request.fields = std::move(fields);
    return fetch(std::move(request));
  }

  fs::path root;
  std::string bytes;
  base::Metrics metrics;
  // An hour ahead, so that the file has settled.
  base::ManualClock clock{base::SystemClock().wall() + std::chrono::hours(1)};
  std::optional<LocalStore> store;
  std::optional<MediaEndpoint> endpoint;
  std::optional<http::Server> server;
  std::uint16_t port = 0;
};

TEST_F(Serving, GivesTheFile) {
  const http::Viewer viewer = fetch(url("/v.mp4"));
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_EQ(viewer.status, 200);
  EXPECT_TRUE(viewer.body == bytes);
}

TEST_F(Serving, GivesRangesAndAnswersConditions) {
  const http::Viewer range = fetch_with({{"range", "bytes=1000000-1999999"}});
  EXPECT_EQ(range.status, 206);
  EXPECT_TRUE(range.body == bytes.substr(1'000'000, 1'000'000));

  const std::string etag(*range.fields.find("etag"));
  EXPECT_EQ(fetch_with({{"if-none-match", etag}}).status, 304);
  EXPECT_EQ(fetch_with({{"if-range", etag}, {"range", "bytes=-1"}}).status, 206);
  EXPECT_EQ(fetch_with({{"range", "bytes=5000000-"}}).status, 416);
  EXPECT_EQ(fetch_with({}, "/no.mp4").status, 404);
}

TEST_F(Serving, LetsTheClientTellWhenTheFileIsCutMidway) {
  http::Viewer viewer;
  viewer.when_head = [&] { fs::resize_file(root / "v.mp4", 2'000'000); };
  viewer.when_end = [this] { loop.stop(); };
  const auto fetching = client.start(get(url("/v.mp4")), viewer);
  run();
  EXPECT_EQ(viewer.error(), base::ErrorCode::kProtocol);
  EXPECT_TRUE(bytes.starts_with(viewer.body));
}

TEST_F(Serving, GivesTheVersionItOpenedWhenTheFileIsReplacedMidway) {
  http::Viewer viewer;
  viewer.when_head = [&] {
    std::ofstream(root / "new") << "new";
    fs::rename(root / "new", root / "v.mp4");
  };
  viewer.when_end = [this] { loop.stop(); };
  const auto fetching = client.start(get(url("/v.mp4")), viewer);
  run();
  EXPECT_TRUE(viewer.succeeded()) << viewer.context();
  EXPECT_TRUE(viewer.body == bytes);
  EXPECT_EQ(fetch(url("/v.mp4")).body, "new");
}

// Node.

std::string refusal(const OriginConfig& config) {
  const auto node = Node::start(config);
  return node ? "" : node.error().context;
}

TEST_F(Serving, NamesTheOptionThatKeepsANodeFromStarting) {
  OriginConfig config;
  config.threads = 1;
  config.listen.http = {"127.0.0.1:0"};
  config.listen.admin = "127.0.0.1:0";
  config.media.root = root;
  EXPECT_EQ(refusal(config), "");

  OriginConfig busy = config;
  busy.listen.http.push_back("127.0.0.1:" + std::to_string(port));
  EXPECT_NE(refusal(busy).find("listen.http: "), std::string::npos);
  EXPECT_NE(refusal(busy).find(std::to_string(port)), std::string::npos);

  OriginConfig rootless = config;
  rootless.media.root = root / "missing";
  EXPECT_NE(refusal(rootless).find("media.root: "), std::string::npos);

  OriginConfig keyless = config;
  keyless.tls = {"/nonexistent/cert.pem", "/nonexistent/key.pem"};
  EXPECT_NE(refusal(keyless).find("/nonexistent/cert.pem"), std::string::npos);
}

}  // namespace
}  // namespace origin
