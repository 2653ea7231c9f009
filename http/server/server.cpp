#include "http/server/server.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <mutex>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "domain/timestamp.hpp"
#include "http/server/connection.hpp"
#include "http/server/connection_seats.hpp"
#include "http/server/io_loop.hpp"
#include "http/server/syn_filter.hpp"

namespace cued::http {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::string_view overloaded = "HTTP/1.1 503 Service Unavailable\r\n"
                                        "retry-after: 1\r\n"
                                        "content-length: 0\r\n"
                                        "connection: close\r\n\r\n";

constexpr std::string_view enough_of_you = "HTTP/1.1 429 Too Many Requests\r\n"
                                           "retry-after: 1\r\n"
                                           "content-length: 0\r\n"
                                           "connection: close\r\n\r\n";

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

std::size_t processors() { return std::max(1u, std::thread::hardware_concurrency()); }

void log_escaped(std::exception_ptr escaped) {
  if (!escaped)
    return;
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& e) {
    spdlog::error("a connection ended with an exception: {}", e.what());
  }
}

/// The seat is held until the connection is gone.
awaitable<void> serve(tcp::socket socket, [[maybe_unused]] connection_seats::seat seat,
                      std::shared_ptr<server_certificate> certificate, io_loop& loop, application& app,
                      const server_limits& limits) {
  connection client{std::move(socket), certificate ? &certificate->context : nullptr, loop, app, limits};
  certificate.reset(); // OpenSSL counts for itself
  co_await client.serve();
}

} // namespace

struct server::state {
  state(server_options wanted, application& with)
      : options{std::move(wanted)}, app{with}, seats{{options.limits.connections_max,
                                                      options.limits.connections_per_address_max, options.is_proxy}} {}

  const server_options options;
  application& app;
  connection_seats seats;
  std::vector<std::unique_ptr<io_loop>> loops;
  std::unique_ptr<tcp::acceptor> acceptor;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::mutex certificate_mutex;
  std::shared_ptr<server_certificate> certificate; ///< null: plain HTTP

  awaitable<void> accept();
  void stop_accepting();
  void accept_the_last();
  void seat_or_refuse(tcp::socket socket, io_loop& loop);
  void refuse(tcp::socket socket, connection_seats::refusal why) const;
  std::shared_ptr<server_certificate> present_certificate() {
    const std::lock_guard lock{certificate_mutex};
    return certificate;
  }
};

server::server(server_options options, application& app) : state_{std::make_unique<state>(std::move(options), app)} {}

server::~server() { stop(); }

std::uint16_t server::port() const { return state_->port; }

std::size_t server::connections() const { return state_->seats.taken(); }

result<void> server::start() {
  auto& s = *state_;
  const auto count = s.options.io_threads ? s.options.io_threads : processors();
  for (std::size_t i = 0; i < count; ++i)
    s.loops.push_back(std::make_unique<io_loop>(s.options.limits));
  if (auto read = reload_certificate(); !read)
    return read;

  error_code ec;
  const auto address = asio::ip::make_address(s.options.host, ec);
  if (ec)
    return fail(500, "bad_listen_address", "Not an address to listen on: " + s.options.host);
  const tcp::endpoint endpoint{address, s.options.port};
  s.acceptor = std::make_unique<tcp::acceptor>(s.loops.front()->context());
  s.acceptor->open(endpoint.protocol(), ec);
  if (!ec)
    s.acceptor->set_option(tcp::acceptor::reuse_address{true}, ec);
  if (!ec)
    s.acceptor->bind(endpoint, ec);
  if (!ec)
    s.acceptor->listen(s.options.limits.listen_backlog, ec);
  if (ec)
    return fail(500, "cannot_listen",
                fmt::format("Cannot listen on {}:{}: {}", s.options.host, s.options.port, ec.message()));
  s.port = s.acceptor->local_endpoint().port();

  asio::co_spawn(s.loops.front()->context(), s.accept(), log_escaped);
  for (auto& loop : s.loops)
    loop->start();
  return {};
}

result<void> server::reload_certificate() {
  auto& s = *state_;
  if (!s.options.certificate.named())
    return {};
  auto read = load_certificate(s.options.certificate);
  if (!read)
    return fail(std::move(read.error()));
  const auto& facts = (*read)->facts;
  const auto now = wall_clock{}.now();
  const bool valid = facts.not_before <= now && now < facts.not_after;
  spdlog::log(valid ? spdlog::level::info : spdlog::level::warn, "TLS certificate of {}, {} until {}", facts.subject,
              valid ? "valid" : "clients will refuse it: valid only", format_z(facts.not_after));
  const std::lock_guard lock{s.certificate_mutex};
  s.certificate = std::move(*read);
  return {};
}

awaitable<void> server::state::accept() {
  asio::steady_timer pause{loops.front()->context()};
  for (std::size_t turn = 0; acceptor->is_open(); ++turn) {
    io_loop& loop = *loops[turn % loops.size()];
    auto [ec, socket] = co_await acceptor->async_accept(loop.context(), as_values);
    if (!ec) {
      seat_or_refuse(std::move(socket), loop);
      continue;
    }
    if (stopping)
      break;
    // no descriptor or no memory: connections that end will free some
    spdlog::warn("cannot accept a connection: {}", ec.message());
    pause.expires_after(options.limits.accept_pause);
    co_await pause.async_wait(as_values);
  }
}

/// Returns when nobody can get in any more; who is in has a seat, and is waited for.
void server::state::stop_accepting() {
  if (port == 0) // it never listened
    return;
  std::promise<void> closed;
  asio::steady_timer handshakes{loops.front()->context()};
  asio::post(loops.front()->context(), [this, &closed, &handshakes] {
    if (!drop_new_handshakes(acceptor->native_handle()))
      spdlog::warn("a client that connects in this instant may be reset: {}", std::strerror(errno));
    handshakes.expires_after(options.limits.last_handshake);
    handshakes.async_wait([this, &closed](error_code) {
      accept_the_last();
      closed.set_value();
    });
  });
  closed.get_future().wait();
}

/// Closing a listening socket resets all who wait in its queue, though for them they are connected and have sent their
/// request. So they are taken in first. In the first loop's thread.
void server::state::accept_the_last() {
  error_code nobody_waits;
  acceptor->non_blocking(true, nobody_waits);
  for (std::size_t turn = 0; !nobody_waits; ++turn) {
    io_loop& loop = *loops[turn % loops.size()];
    tcp::socket socket{loop.context()};
    acceptor->accept(socket, nobody_waits);
    if (!nobody_waits)
      seat_or_refuse(std::move(socket), loop);
  }
  error_code ignored;
  acceptor->close(ignored);
}

void server::state::seat_or_refuse(tcp::socket socket, io_loop& loop) {
  error_code gone;
  const auto peer = socket.remote_endpoint(gone);
  if (gone)
    return;
  connection_seats::refusal why{};
  auto seat = seats.take(peer.address(), why);
  if (!seat) {
    refuse(std::move(socket), why);
    return;
  }
  asio::co_spawn(loop.context(),
                 serve(std::move(socket), std::move(*seat), present_certificate(), loop, app, options.limits),
                 log_escaped);
}

/// As good as it gets without waiting for this client; one that speaks TLS would not understand a word.
void server::state::refuse(tcp::socket socket, connection_seats::refusal why) const {
  error_code ignored;
  socket.non_blocking(true, ignored);
  if (!options.certificate.named())
    socket.write_some(asio::buffer(why == connection_seats::refusal::full ? overloaded : enough_of_you), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void server::stop() {
  auto& s = *state_;
  if (s.stopping.exchange(true))
    return;
  s.stop_accepting();
  for (auto& loop : s.loops)
    loop->close_idle_connections();
  if (!s.seats.wait_until_empty(s.options.limits.stop_grace)) {
    spdlog::warn("{} connections are cut after the time to finish", s.seats.taken());
    for (auto& loop : s.loops)
      loop->abort_connections();
  }
  for (auto& loop : s.loops)
    loop->stop();
}

} // namespace cued::http
