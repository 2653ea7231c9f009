#include "http/server/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <poll.h>
#include <sys/socket.h>

#include "http/server/io_loop.hpp"
#include "http/server/message_parser.hpp"
#include "http/server/response_head.hpp"
#include "http/server/target.hpp"

namespace cued::http {

namespace asio = boost::asio;
using asio::awaitable;
using boost::beast::error_code;
using parse_error = boost::beast::http::error;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable); // errors come back, they are not thrown

constexpr std::string_view not_http = "HTTP/1.1 400 Bad Request\r\n"
                                      "content-type: text/plain; charset=utf-8\r\n"
                                      "content-length: 30\r\n"
                                      "connection: close\r\n\r\n"
                                      "Invalid HTTP request received."; // spec/http.md §1

constexpr std::string_view not_tls = "HTTP/1.1 400 Bad Request\r\n"
                                     "content-type: text/plain; charset=utf-8\r\n"
                                     "content-length: 52\r\n"
                                     "connection: close\r\n\r\n"
                                     "This port speaks HTTPS only; use https:// to get in.";

/// What a TLS record that begins a handshake begins with (RFC 8446 §5.1).
constexpr unsigned char handshake_record = 22;

/// Whether a header field goes on in the next line. RFC 9112 §5.2 lets a server refuse that, and two programs in a row
/// that understand it differently are how requests are smuggled.
bool has_folded_line(std::string_view lines) {
  return lines.find("\r\n ") != std::string_view::npos || lines.find("\r\n\t") != std::string_view::npos;
}

error header_too_large() {
  return {431, "request_header_fields_too_large", "Request header block is too large", {}, {}};
}
error too_late() { return {408, "request_timeout", "The request did not arrive in time", {}, {}}; }
error body_too_large(std::size_t limit) {
  return {413, "request_too_large", "Request body exceeds " + std::to_string(limit) + " bytes", {}, {}};
}
error body_unreadable() { return {400, "http_error", "There was an error parsing the body", {}, {}}; }

std::string address_text(const asio::ip::tcp::socket& socket) {
  error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec)
    return {};
  const auto address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

} // namespace

connection::connection(asio::ip::tcp::socket socket, asio::ssl::context* tls, io_loop& loop, application& app,
                       const server_limits& limits)
    : stream_{std::move(socket), tls}, loop_{loop}, application_{app}, limits_{limits},
      client_address_{address_text(stream_.socket())}, buffer_{limits.header_bytes + limits.read_bytes} {
  error_code ignored; // a client that is gone already shows at the first read
  stream_.socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
  loop_.add(*this);
}

connection::~connection() { loop_.remove(*this); }

// -- one request after the other ------------------------------------------

awaitable<void> connection::serve() {
  // Not `while (co_await ...)`: g++ 12 makes code of that which loses its place.
  bool more = true;
  if (stream_.encrypted())
    more = co_await shake_hands();
  while (more)
    more = co_await serve_one_request();
  co_await linger();
}

/// A client that speaks plain HTTP to a port of TLS is told so in its own language.
awaitable<bool> connection::shake_hands() {
  enter(phase::greeting, limits_.handshake);
  const auto [nothing_came] = co_await stream_.socket().async_wait(asio::ip::tcp::socket::wait_read, as_values);
  unsigned char first = 0;
  if (nothing_came || broken_ || ::recv(stream_.socket().native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
    broken_ = true;
    co_return false;
  }
  if (first != handshake_record) {
    stream_.become_plain();
    co_await write_text(not_tls);
    co_return false;
  }
  const auto [failed] = co_await stream_.async_handshake(as_values);
  if (failed)
    stream_.become_plain(); // the alert that says why is on its way
  co_return !failed && !broken_;
}

awaitable<bool> connection::serve_one_request() {
  request in;
  message_parser parser{in, limits_.header_fields};
  request_ = &in;
  parser_ = &parser;
  body_begun_ = false;
  head_only_ = false;

  switch (co_await read_header(parser)) {
  case header_outcome::complete:
    break;
  case header_outcome::closed:
    broken_ = true;
    co_return false;
  case header_outcome::not_http:
    co_await write_text(not_http);
    co_return false;
  case header_outcome::too_large:
    co_await refuse(header_too_large());
    co_return false;
  case header_outcome::too_late:
    co_await refuse(too_late());
    co_return false;
  }

  asked_ = true;
  auto target = read_target(in.target);
  in.path = std::move(target.path);
  in.query = std::move(target.query);
  in.client_address = client_address_;
  in.hung_up = hung_up_;
  head_only_ = in.method == boost::beast::http::verb::head;
  last_ = last_ || !parser.keep_alive() || declared_too_large();

  enter(phase::handling);
  const response answer = co_await application_.answer(in, *this);
  // Who waits for `100 Continue` may or may not send the body after an answer that came instead.
  last_ = last_ || (parser.expects_continue() && !body_begun_ && !parser.is_done());
  compose(answer);
  if (!send_at_once())
    co_await send_rest();
  nothing_unread_ = parser.is_done() && buffer_.size() == 0 && !parser.keep_alive();
  if (!last_ && !broken_ && !parser.is_done())
    co_await discard_body();
  co_return !last_ && !broken_;
}

awaitable<connection::header_outcome> connection::read_header(message_parser& parser) {
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser.body_limit(boost::none); // judged by declared_too_large() and read()
  enter(phase::idle, spared_ ? limits_.last_request : limits_.idle);
  bool folded = false;
  for (;;) {
    // RFC 9112 §2.2: an empty line before the start line is overlooked.
    while (!parser.got_some() && buffer_.size() >= 2 &&
           std::string_view{static_cast<const char*>(buffer_.data().data()), 2} == "\r\n")
      buffer_.consume(2);

    if (buffer_.size() > 0) {
      if (phase_ == phase::idle)
        enter(phase::reading, limits_.header);
      error_code ec;
      const std::string_view unparsed{static_cast<const char*>(buffer_.data().data()), buffer_.size()};
      const auto parsed = parser.put(buffer_.data(), ec);
      // A header that comes in pieces is parsed in pieces, of whole fields each.
      folded = folded || has_folded_line(unparsed.substr(0, parsed));
      buffer_.consume(parsed);
      if (parser.is_header_done() && !ec) {
        if (folded || parser.has_unreadable_coding())
          co_return header_outcome::not_http;
        parser.eager(true);
        if (parser.chunked())
          parser.body_limit(limits_.body_bytes);
        co_return header_outcome::complete;
      }
      if (ec == parse_error::header_limit && parser.has_start_line())
        co_return header_outcome::too_large;
      if (ec && ec != parse_error::need_more)
        co_return header_outcome::not_http;
    }
    if (last_ && phase_ == phase::idle && !spared_)
      co_return header_outcome::closed;
    if (!co_await read_some())
      co_return late_ ? header_outcome::too_late : header_outcome::closed;
  }
}

awaitable<bool> connection::read_some() {
  const auto wanted = phase_ == phase::idle ? limits_.first_read_bytes : limits_.read_bytes;
  const auto [ec, n] = co_await stream_.async_read_some(buffer_.prepare(wanted), as_values);
  buffer_.commit(n);
  co_return !ec && !late_; // the sweep may have found us late in the moment in which something came
}

// -- body -----------------------------------------------------------------

bool connection::declared_too_large() const {
  const auto declared = parser_->content_length();
  return declared && *declared > limits_.body_bytes;
}

awaitable<result<void>> connection::read() {
  if (declared_too_large())
    co_return fail(body_too_large(limits_.body_bytes));
  if (parser_->expects_continue() && !body_begun_ && !parser_->is_done() && buffer_.size() == 0)
    co_await send_continue();
  body_begun_ = true;
  enter(phase::reading, limits_.body);
  while (!parser_->is_done()) {
    error_code ec;
    buffer_.consume(parser_->put(buffer_.data(), ec));
    if (ec == parse_error::body_limit) {
      last_ = true;
      co_return fail(body_too_large(limits_.body_bytes));
    }
    // A chunk's extensions and the trailer are read as a whole; they get no more room than a header block.
    const bool hopeless = ec == parse_error::need_more && buffer_.size() >= limits_.header_bytes;
    if ((ec && ec != parse_error::need_more) || hopeless) {
      last_ = true;
      co_return fail(body_unreadable());
    }
    if (!parser_->is_done() && !co_await read_some()) {
      last_ = true;
      broken_ = !late_;
      co_return fail(late_ ? too_late() : body_unreadable());
    }
  }
  enter(phase::handling);
  co_return result<void>{};
}

/// Nothing can go wrong with a body of declared length that is all there.
bool connection::read_at_once() {
  const auto missing = parser_->content_length_remaining();
  if (declared_too_large() || !missing || *missing > buffer_.size())
    return false;
  body_begun_ = true;
  error_code ec;
  if (!parser_->is_done())
    buffer_.consume(parser_->put(buffer_.data(), ec));
  return parser_->is_done();
}

awaitable<void> connection::send_continue() {
  enter(phase::writing, limits_.write);
  constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
  const auto [ec, n] = co_await asio::async_write(stream_, asio::buffer(line), as_values);
  broken_ = broken_ || ec;
}

/// What the handler left of the body stands between us and the next request.
awaitable<void> connection::discard_body() {
  enter(phase::reading, limits_.body);
  while (!parser_->is_done()) {
    error_code ec;
    buffer_.consume(parser_->put(buffer_.data(), ec));
    request_->body.clear();
    const bool hopeless = ec == parse_error::need_more && buffer_.size() >= limits_.header_bytes;
    if ((ec && ec != parse_error::need_more) || hopeless) {
      last_ = true;
      co_return;
    }
    if (!parser_->is_done() && !co_await read_some()) {
      broken_ = true;
      co_return;
    }
  }
}

// -- answers --------------------------------------------------------------

awaitable<void> connection::write(const response& answer) {
  compose(answer);
  if (!send_at_once())
    co_await send_rest();
}

void connection::compose(const response& answer) {
  unsent_ = {};
  if (broken_)
    return;
  head_.clear();
  append_head(head_, answer, {!last_, request_->http_1_0});
  bool body_apart = !head_only_ && may_have_body(answer.status);
  if (body_apart && stream_.encrypted() && answer.body.size() <= limits_.read_bytes) {
    head_ += answer.body; // one record instead of two
    body_apart = false;
  }
  unsent_ = {asio::buffer(head_), body_apart ? asio::buffer(answer.body) : asio::const_buffer{}};
}

/// Most answers fit into the socket's buffer; so they need no operation of the event loop. Inside TLS all is left to
/// send_rest().
bool connection::send_at_once() {
  if (broken_)
    return true;
  if (stream_.encrypted())
    return false;
  std::array<iovec, 2> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i] = {const_cast<void*>(unsent_[i].data()), unsent_[i].size()};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const auto n = ::sendmsg(stream_.socket().native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) {
    broken_ = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
    return broken_;
  }
  auto sent = static_cast<std::size_t>(n);
  for (auto& part : unsent_) {
    const auto of_this = std::min(sent, part.size());
    part += of_this;
    sent -= of_this;
  }
  return unsent_[0].size() == 0 && unsent_[1].size() == 0;
}

awaitable<void> connection::send_rest() {
  enter(phase::writing, limits_.write);
  const auto [ec, n] = co_await asio::async_write(stream_, unsent_, as_values);
  broken_ = broken_ || ec;
}

awaitable<void> connection::write_text(std::string_view text) {
  enter(phase::writing, limits_.write);
  const auto [ec, n] = co_await asio::async_write(stream_, asio::buffer(text), as_values);
  broken_ = broken_ || ec;
}

awaitable<void> connection::refuse(const error& why) {
  last_ = true;
  const response answer = application_.refusal(why);
  co_await write(answer);
}

/// Closing with unread bytes makes the kernel send a reset, which can overtake the answer: read them first. A client
/// that asked for the end itself sends nothing more. Inside TLS the end is said first, else a client could not tell it
/// from an attack that cuts the answer off (RFC 8446 §6.1).
awaitable<void> connection::linger() {
  if (broken_ || (nothing_unread_ && !stream_.encrypted())) {
    close();
    co_return;
  }
  enter(phase::lingering, limits_.linger);
  if (stream_.encrypted()) {
    const auto [interrupted] = co_await stream_.async_goodbye(as_values);
    static_cast<void>(interrupted); // by a client that went on sending: read below
    stream_.become_plain();
  }
  error_code ec;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  std::size_t discarded = 0;
  while (!ec && discarded < limits_.linger_bytes) {
    buffer_.clear();
    const auto [failure, n] = co_await stream_.async_read_some(buffer_.prepare(limits_.read_bytes), as_values);
    discarded += n;
    ec = failure;
  }
  close();
}

// -- time limits and the end ----------------------------------------------

void connection::enter(phase p, std::chrono::milliseconds limit) {
  phase_ = p;
  deadline_ = clock::now() + limit;
}

void connection::enter(phase p) {
  phase_ = p;
  deadline_ = clock::time_point::max();
  handling_since_ = clock::now();
}

void connection::close_if_late(clock::time_point now) {
  if (phase_ == phase::handling && now - handling_since_ >= limits_.long_handling && client_is_gone())
    *hung_up_ = true;
  if (now < deadline_)
    return;
  deadline_ = clock::time_point::max();
  if (phase_ != phase::reading) {
    close();
    return;
  }
  late_ = true; // the reader answers 408
  error_code ignored;
  stream_.socket().cancel(ignored);
}

/// Nobody reads while a request is handled; this looks without taking anything away, and past what the client sent
/// before it went (inside TLS that is its goodbye). A client that has only closed its sending side cannot be told from
/// one that has gone.
bool connection::client_is_gone() {
  pollfd seen{stream_.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&seen, 1, 0) == 1;
}

void connection::close_after_this_request() {
  last_ = true;
  if (phase_ == phase::idle && (!asked_ || something_came())) {
    spared_ = true;
    deadline_ = clock::now() + limits_.last_request;
  } else if (phase_ == phase::idle || phase_ == phase::greeting) {
    close();
  }
}

bool connection::something_came() {
  pollfd seen{stream_.socket().native_handle(), POLLIN, 0};
  return ::poll(&seen, 1, 0) == 1;
}

void connection::abort() { close(); }

void connection::close() {
  broken_ = true;
  error_code ignored;
  stream_.socket().close(ignored);
}

} // namespace cued::http
