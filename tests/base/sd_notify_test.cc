#include "base/sd_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "base/unique_fd.h"

namespace base {
namespace {

// Stands where systemd would: a datagram socket with a name of the kernel's choice.
class SdNotify : public testing::Test {
 protected:
  void SetUp() override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof address.sun_family;  // No name: autobind (unix(7)).
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    size = sizeof address;
    ASSERT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    name_ = "@" + std::string(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
    ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  }
  void TearDown() override { ::unsetenv("NOTIFY_SOCKET"); }

  std::string received() {
    std::array<char, 256> text;
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

  UniqueFd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::string name_;
};

TEST_F(SdNotify, TellsTheNamedSocket) {
  sd_notify("READY=1\nSTATUS=serving");
  EXPECT_EQ(received(), "READY=1\nSTATUS=serving");
}

TEST_F(SdNotify, AReloadCarriesItsTime) {
  sd_notify_reloading();
  EXPECT_TRUE(received().starts_with("RELOADING=1\nMONOTONIC_USEC="));
}

TEST_F(SdNotify, WithoutASocketItDoesNothing) {
  for (const char* name : {"", "@", "relative", "/nonexistent/socket"}) {
    ::setenv("NOTIFY_SOCKET", name, 1);
    sd_notify("READY=1");
  }
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  sd_notify("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  sd_notify("READY=1");
  EXPECT_EQ(received(), "nothing");
}

}  // namespace
}  // namespace base
