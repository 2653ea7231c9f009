#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/http/local_receiver.hpp"

namespace cued::test {

/// A proxy on loopback that keeps each request for a tunnel, answers it, and leads every tunnel to one local port,
/// wherever it was asked to go. Port 0: the tunnel leads nowhere, and the connection ends with the answer.
class connect_proxy {
public:
  static constexpr const char* established = "HTTP/1.1 200 Connection established\r\n\r\n";

  explicit connect_proxy(unsigned short leads_to, std::string answer = established)
      : leads_to_{leads_to}, answer_{std::move(answer)}, listener_{[this](wire& w) { serve(w); }} {}

  [[nodiscard]] std::string url(const std::string& credentials = "") const {
    return "http://" + credentials + address();
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(listener_.port()); }

  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

private:
  using tcp = boost::asio::ip::tcp;

  void serve(wire& w) {
    auto request = w.read_request();
    {
      const std::lock_guard lock{mutex_};
      requests_.push_back(std::move(request));
    }
    w.write(answer_);
    if (leads_to_ == 0)
      return;
    boost::asio::io_context io;
    tcp::socket target{io};
    target.connect({boost::asio::ip::make_address("127.0.0.1"), leads_to_});
    std::thread back{[&] {
      copy([&] { return read_from(target); }, [&](const std::string& bytes) { w.write(bytes); });
      ::shutdown(w.socket().native_handle(), SHUT_RDWR);
    }};
    copy([&] { return w.read_some(); },
         [&](const std::string& bytes) { boost::asio::write(target, boost::asio::buffer(bytes)); });
    ::shutdown(target.native_handle(), SHUT_RDWR);
    back.join();
  }

  /// Until one of them throws, which is how a connection ends here.
  template <class Read, class Write>
  static void copy(Read read, Write write) {
    try {
      for (;;)
        write(read());
    } catch (const std::exception&) {
    }
  }

  static std::string read_from(tcp::socket& socket) {
    std::string bytes(64 * 1024, '\0');
    bytes.resize(socket.read_some(boost::asio::buffer(bytes)));
    return bytes;
  }

  const unsigned short leads_to_;
  const std::string answer_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  local_receiver listener_; ///< last: its threads use the others
};

} // namespace cued::test
