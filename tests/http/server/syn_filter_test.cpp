#include "http/server/syn_filter.hpp"

#include <array>
#include <cerrno>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cued::http {
namespace {

constexpr int patience_ms = 60'000; // the kernel asks again after a second

class descriptor {
public:
  explicit descriptor(int fd) : fd_{fd} {}
  ~descriptor() { close(); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  operator int() const { return fd_; } // NOLINT(google-explicit-constructor): it stands where an int does
  void close() {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = -1;
  }

private:
  int fd_;
};

sockaddr_in loopback(in_port_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = port;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct syn_filter : testing::Test {
  syn_filter() {
    auto any = loopback(0);
    EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(listener, 8), 0);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
    port = bound.sin_port;
  }

  /// On loopback a handshake that is answered is over when this returns.
  void begin_handshake(const descriptor& client) const {
    auto to = loopback(port);
    EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to), -1);
    EXPECT_EQ(errno, EINPROGRESS);
  }

  static bool is_decided(int client, int wait_ms) {
    pollfd seen{client, POLLOUT, 0};
    return ::poll(&seen, 1, wait_ms) == 1;
  }

  static int outcome(int client) {
    int code = -1;
    socklen_t size = sizeof code;
    ::getsockopt(client, SOL_SOCKET, SO_ERROR, &code, &size);
    return code;
  }

  static int new_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

  descriptor listener{new_socket()};
  in_port_t port = 0;
};

TEST_F(syn_filter, nobody_gets_in_any_more_and_is_refused_once_the_socket_is_closed) {
  const descriptor before{new_socket()};
  begin_handshake(before);
  ASSERT_TRUE(is_decided(before, 0));

  ASSERT_TRUE(drop_new_handshakes(listener));
  const descriptor after{new_socket()};
  begin_handshake(after);
  EXPECT_FALSE(is_decided(after, 0)) << "it was answered";
  EXPECT_GE(descriptor{::accept(listener, nullptr, nullptr)}, 0) << "who was in before waits in the queue";
  EXPECT_LT(descriptor{::accept(listener, nullptr, nullptr)}, 0) << "nobody else does";

  listener.close();
  ASSERT_TRUE(is_decided(after, patience_ms));
  EXPECT_EQ(outcome(after), ECONNREFUSED) << "not a reset: it knows that nothing has happened";
}

TEST_F(syn_filter, who_is_in_goes_on_talking) {
  const descriptor client{new_socket()};
  begin_handshake(client);
  ASSERT_TRUE(drop_new_handshakes(listener));
  const descriptor accepted{::accept(listener, nullptr, nullptr)};
  ASSERT_GE(accepted, 0);
  listener.close();

  constexpr std::string_view said = "hello";
  ASSERT_EQ(::send(client, said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
  std::array<char, said.size()> heard{};
  ASSERT_EQ(::recv(accepted, heard.data(), heard.size(), MSG_WAITALL), static_cast<ssize_t>(said.size()));
  EXPECT_EQ(std::string_view(heard.data(), heard.size()), said);
  ASSERT_EQ(::send(accepted, said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
  ASSERT_EQ(::recv(client, heard.data(), heard.size(), 0), static_cast<ssize_t>(said.size()));
}

} // namespace
} // namespace cued::http
