#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace cued::test {

/// The receiver's end of one connection, plain or TLS. Calls block and throw when the other side is gone.
class wire {
public:
  virtual ~wire() = default;
  virtual void write(const std::string& bytes) = 0;
  virtual std::string read_some() = 0;
  virtual boost::asio::ip::tcp::socket& socket() = 0;

  /// Reads a request with `Content-Length` (or none) as far as its end, and gives all of it.
  std::string read_request() {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos)
      text += read_some();
    const auto head_end = text.find("\r\n\r\n") + 4;
    const auto length_at = text.find("Content-Length: ");
    const std::size_t length = length_at < head_end ? std::stoul(text.substr(length_at + 16)) : 0;
    while (text.size() < head_end + length)
      text += read_some();
    return text;
  }

  void wait_for_the_other_side_to_hang_up() {
    for (;;)
      read_some();
  }

  /// What follows close() is a reset instead of an ordinary end.
  void reset() {
    socket().set_option(boost::asio::socket_base::linger{true, 0});
    socket().close();
  }
};

/// An HTTP receiver on loopback that does with each connection what the test says, each on its own thread. Gone with
/// this object; a script that still waits for its peer is cut off.
class local_receiver {
public:
  using script = std::function<void(wire&)>;
  using tcp = boost::asio::ip::tcp;

  explicit local_receiver(script s, boost::asio::ssl::context* tls = nullptr)
      : script_{std::move(s)}, tls_{tls}, acceptor_{io_, tcp::endpoint{boost::asio::ip::make_address("127.0.0.1"), 0}} {
    thread_ = std::thread{[this] { accept(); }};
  }

  ~local_receiver() {
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // wakes accept()
    thread_.join();
    {
      const std::lock_guard lock{mutex_};
      for (const auto& socket : sockets_)
        if (socket->is_open())
          ::shutdown(socket->native_handle(), SHUT_RDWR);
    }
    for (auto& running : scripts_)
      running.join();
  }

  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1", const std::string& path = "/hook") const {
    return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
  }
  [[nodiscard]] int connections() const { return connections_; }

private:
  class plain_wire final : public wire {
  public:
    explicit plain_wire(tcp::socket& s) : socket_{s} {}
    void write(const std::string& bytes) override { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
    std::string read_some() override { return read_from(socket_); }
    tcp::socket& socket() override { return socket_; }

  private:
    tcp::socket& socket_;
  };

  class tls_wire final : public wire {
  public:
    tls_wire(tcp::socket& s, boost::asio::ssl::context& tls) : stream_{s, tls} {
      stream_.handshake(boost::asio::ssl::stream_base::server);
    }
    void write(const std::string& bytes) override { boost::asio::write(stream_, boost::asio::buffer(bytes)); }
    std::string read_some() override { return read_from(stream_); }
    tcp::socket& socket() override { return stream_.next_layer(); }

  private:
    boost::asio::ssl::stream<tcp::socket&> stream_;
  };

  template <class Stream>
  static std::string read_from(Stream& stream) {
    std::string bytes(64 * 1024, '\0');
    bytes.resize(stream.read_some(boost::asio::buffer(bytes)));
    return bytes;
  }

  void accept() {
    for (;;) {
      auto socket = std::make_shared<tcp::socket>(io_);
      boost::system::error_code stopped;
      acceptor_.accept(*socket, stopped);
      if (stopped)
        return;
      ++connections_;
      const std::lock_guard lock{mutex_};
      sockets_.push_back(socket);
      scripts_.emplace_back([this, socket] { run(*socket); });
    }
  }

  void run(tcp::socket& socket) {
    try {
      if (tls_) {
        tls_wire w{socket, *tls_};
        script_(w);
      } else {
        plain_wire w{socket};
        script_(w);
      }
    } catch (const std::exception&) {
      // the client hung up, or the test is over
    }
    const std::lock_guard lock{mutex_};
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  script script_;
  boost::asio::ssl::context* tls_;
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<std::shared_ptr<tcp::socket>> sockets_;
  std::vector<std::thread> scripts_;
  std::thread thread_;
};

/// Reads the request and answers with these bytes.
inline local_receiver::script answering(std::string bytes) {
  return [bytes](wire& w) {
    w.read_request();
    w.write(bytes);
  };
}

inline std::string http_answer(const std::string& status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace cued::test
