#include "http/client/webhook_exchange.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "http/client/request_head.hpp"
#include "http/client/response_text.hpp"
#include "http/client/retry_after.hpp"
#include "http/client/tunnel.hpp"

namespace cued::http::client {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using steady = std::chrono::steady_clock;
using failure = actors::webhook_response::failure;

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr unsigned http_1_1 = 11; // as Beast writes it
constexpr const char* shutting_down = "The server is shutting down";

/// The end of the time that the next of `count` tries may take, when all of them share what is left.
steady::time_point share_of(steady::time_point deadline, std::size_t count) {
  const auto now = steady::now();
  const auto left = std::max<steady::duration>(deadline - now, {}); // a negative one would become huge in the division
  return now + left / static_cast<steady::rep>(count);
}

bool is_interim(unsigned status) {
  return status / 100 == 1 && status != 101; // 101 is the end of HTTP on this connection
}

/// The end of a body that has no length is the end of the connection; many servers forget TLS' goodbye before it.
bool ends_body(const boost::system::error_code& failed, bool until_end) {
  return until_end && failed == ssl::error::stream_truncated;
}

} // namespace

webhook_exchange::webhook_exchange(asio::any_io_executor executor, const exchange_surroundings& surroundings,
                                   connection_pool& kept, actors::webhook_request request)
    : executor_{std::move(executor)}, with_{surroundings}, request_{std::move(request)}, kept_{kept} {}

asio::awaitable<actors::webhook_response> webhook_exchange::run() {
  deadline_ = steady::now() + request_.deadline;
  auto ended = co_await attempt();
  response answer = ended ? std::move(*ended) : std::move(ended.error());
  answer.first_byte_sent_at = first_byte_sent_at_;
  if (fit_to_keep_)
    keep_connection();
  connection_.reset();
  co_return answer;
}

void webhook_exchange::abort() {
  aborted_ = true;
  if (connection_)
    connection_->tcp().close();
}

asio::awaitable<webhook_exchange::outcome<webhook_exchange::response>> webhook_exchange::attempt() {
  const auto candidate = security::check_text(request_.url, with_.policy);
  if (!candidate)
    co_return refuse(candidate.error());
  const auto& url = candidate->parsed;
  auto head = request_head(request_, url.authority(), url.target);
  if (!head)
    co_return give_up(failure::protocol_error, head.error().message);
  message_ = std::move(*head);
  if (sends_body(request_))
    message_ += request_.body;

  const auto allowed = co_await allowed_addresses(*candidate);
  if (!allowed)
    co_return tl::unexpected(allowed.error());
  if (aborted_) // there was no connection yet that could have been closed
    co_return give_up(failure::cut_off, shutting_down);
  target_ = {url.scheme, url.host, url.port, request_.tenant, {}};
  if (take_kept(*allowed)) {
    auto answer = co_await converse();
    if (!was_left_unheard(answer))
      co_return answer;
  }
  const auto connected = co_await connect(*allowed, url.port);
  if (!connected)
    co_return tl::unexpected(connected.error());
  if (url.scheme == "https") {
    const auto trusted = co_await shake_hands(url.host);
    if (!trusted)
      co_return tl::unexpected(trusted.error());
  }
  co_return co_await converse();
}

bool webhook_exchange::take_kept(const addresses& allowed) {
  for (const auto& address : allowed) {
    if (with_.proxy && goes_through_proxy(address))
      continue;
    target_.address = address;
    connection_ = kept_.take(target_, steady::now());
    if (!connection_)
      continue;
    second_hand_ = true;
    connection_->tcp().expires_at(deadline_);
    return true;
  }
  return false;
}

void webhook_exchange::keep_connection() {
  if (aborted_ || (with_.proxy && goes_through_proxy(target_.address)))
    return;
  kept_.give_back(target_, std::move(connection_), steady::now());
}

bool webhook_exchange::was_left_unheard(const outcome<response>& answer) const {
  return !answer && second_hand_ && !answer_began_ && !aborted_ && answer.error().what == failure::protocol_error &&
         !time_is_up();
}

asio::awaitable<webhook_exchange::outcome<addresses>>
webhook_exchange::allowed_addresses(const security::url_candidate& candidate) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady::now());
  auto found = co_await vetted_addresses(with_.names, with_.policy, candidate, request_.tenant,
                                         std::min(left, name_resolver::time_limit));
  if (found)
    co_return std::move(*found);
  if (time_is_up())
    co_return give_up(failure::timed_out, "The deadline passed while the host name was being looked up");
  if (found.error().status == 503)
    co_return give_up(failure::could_not_connect, found.error().message);
  co_return refuse(found.error());
}

asio::awaitable<webhook_exchange::outcome<void>> webhook_exchange::connect(const addresses& allowed,
                                                                           unsigned short port) {
  std::string why;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (aborted_)
      co_return give_up(failure::cut_off, shutting_down);
    // One that never answers must leave time for the next.
    const auto until = share_of(deadline_, allowed.size() - i);
    const auto reached = co_await reach({allowed[i], port}, until);
    if (reached) {
      connection_->tcp().expires_at(deadline_);
      target_.address = allowed[i];
      second_hand_ = false;
      co_return outcome<void>{};
    }
    why = reached.error().message;
    if (reached.error().code == "egress_unusable")
      break;
  }
  if (time_is_up())
    co_return give_up(failure::timed_out, "The deadline passed before a connection was made");
  if (aborted_)
    co_return give_up(failure::cut_off, shutting_down);
  co_return give_up(failure::could_not_connect, why);
}

asio::awaitable<result<void>> webhook_exchange::reach(endpoint target, time_point until) {
  if (with_.proxy && goes_through_proxy(target.address()))
    co_return co_await reach_by_proxy(target, until);
  const auto failed = co_await dial(target, until);
  if (failed)
    co_return fail(502, "could_not_connect", failed.message());
  co_return result<void>{};
}

asio::awaitable<result<void>> webhook_exchange::reach_by_proxy(endpoint target, time_point until) {
  const auto& proxy = *with_.proxy;
  const auto found = co_await addresses_of_proxy(until);
  result<void> reached =
      fail(502, "egress_unusable", "The name of the egress proxy " + proxy.text() + " leads nowhere");
  if (found)
    for (std::size_t i = 0; i < found->size() && !reached && !aborted_; ++i) {
      const endpoint at{(*found)[i], proxy.port};
      const auto share = share_of(until, found->size() - i);
      reached = co_await tunnel_through(at, target, share);
      if (!reached && reached.error().code == "egress_refused")
        break;
    }
  // A time limit or our own end says nothing about the proxy.
  if (reached || reached.error().code == "egress_refused")
    with_.proxy_log.works(proxy);
  else if (!aborted_)
    with_.proxy_log.fails(reached.error().message);
  co_return reached;
}

asio::awaitable<result<addresses>> webhook_exchange::addresses_of_proxy(time_point until) {
  error_code not_numeric;
  const auto literal = asio::ip::make_address(with_.proxy->host, not_numeric);
  if (!not_numeric)
    co_return addresses(1, literal);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
  co_return co_await with_.names.addresses_of(with_.proxy->host, "", std::min(left, name_resolver::time_limit));
}

asio::awaitable<result<void>> webhook_exchange::tunnel_through(endpoint proxy, endpoint target, time_point until) {
  const auto failed = co_await dial(proxy, until);
  if (failed)
    co_return fail(502, "egress_unusable",
                   "The egress proxy " + with_.proxy->text() + " cannot be reached: " + failed.message());
  co_return co_await open_tunnel(connection_->tcp(), *with_.proxy, target);
}

asio::awaitable<webhook_exchange::error_code> webhook_exchange::dial(endpoint target, time_point until) {
  connection_ = std::make_unique<webhook_connection>(executor_, steady::now());
  auto& stream = connection_->tcp();
  stream.expires_at(until);
  const auto [failed] = co_await stream.async_connect(target, as_values);
  if (!failed) {
    error_code ignored; // only a matter of speed
    stream.socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
  }
  co_return failed;
}

asio::awaitable<webhook_exchange::outcome<void>> webhook_exchange::shake_hands(const std::string& host) {
  auto& stream = connection_->add_tls(with_.tls);
  const auto name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host; // certificates have no final dot
  error_code not_numeric;
  asio::ip::make_address(name, not_numeric);
  if (not_numeric) // RFC 6066 §3: no literal addresses
    SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
  stream.set_verify_callback(ssl::host_name_verification{name});
  const auto [failed] = co_await stream.async_handshake(ssl::stream_base::client, as_values);
  if (failed)
    co_return give_up(failed, failure::could_not_connect);
  co_return outcome<void>{};
}

asio::awaitable<webhook_exchange::outcome<webhook_exchange::response>> webhook_exchange::converse() {
  if (auto* const tls = connection_->tls())
    co_return co_await talk(*tls);
  co_return co_await talk(connection_->tcp());
}

/// A request that has been given up must not arrive any more: by default the system goes on sending it, and after an
/// outage of the network it would come later than the attempts that have succeeded since.
void webhook_exchange::keep_sending_after_the_end(bool keep) {
  boost::system::error_code ignored; // the connection is gone already, and with it what had to be sent
  connection_->tcp().socket().set_option(asio::socket_base::linger{!keep, 0}, ignored);
}

template <class Stream>
asio::awaitable<webhook_exchange::outcome<webhook_exchange::response>> webhook_exchange::talk(Stream& stream) {
  first_byte_sent_at_ = with_.clock.now();
  keep_sending_after_the_end(false);
  const auto [not_sent, sent] = co_await asio::async_write(stream, asio::buffer(message_), as_values);
  if (not_sent == beast::error::timeout)
    co_return give_up(not_sent, failure::timed_out);
  // Who answers before having read everything and hangs up has answered all the same.
  auto answer = co_await read_answer(stream);
  if (!answer && not_sent)
    co_return give_up(not_sent, failure::protocol_error);
  if (not_sent)
    fit_to_keep_ = false;
  if (answer)
    keep_sending_after_the_end(true);
  co_return answer;
}

template <class Stream>
asio::awaitable<webhook_exchange::outcome<webhook_exchange::response>> webhook_exchange::read_answer(Stream& stream) {
  namespace bhttp = beast::http;
  beast::flat_buffer buffer{response_header_limit_bytes + body_limit_bytes};
  std::optional<bhttp::response_parser<bhttp::buffer_body>> parser;
  for (int interim = 0; !parser || is_interim(parser->get().result_int()); ++interim) {
    if (interim > interim_response_limit)
      co_return give_up(failure::protocol_error, "The answer consists of interim responses only");
    parser.emplace();
    parser->header_limit(response_header_limit_bytes);
    parser->body_limit(boost::none); // what is read is limited below, not what is announced
    const auto [failed, count] = co_await bhttp::async_read_header(stream, buffer, *parser, as_values);
    answer_began_ = answer_began_ || count > 0 || buffer.size() > 0 || parser->got_some();
    if (failed)
      co_return give_up(failed, failure::protocol_error);
  }

  auto& head = parser->get();
  std::array<char, body_limit_bytes> bytes;
  head.body().data = bytes.data();
  head.body().size = bytes.size();
  head.body().more = true;
  if (!parser->is_done()) {
    const bool until_end = parser->need_eof();
    const auto [failed, count] = co_await bhttp::async_read(stream, buffer, *parser, as_values);
    if (failed && failed != bhttp::error::need_buffer && !ends_body(failed, until_end))
      co_return give_up(failed, failure::protocol_error);
  }

  fit_to_keep_ = head.version() == http_1_1 && head.result() != bhttp::status::switching_protocols &&
                 parser->is_done() && parser->keep_alive() && buffer.size() == 0;

  const auto field = [&](bhttp::field name) { return std::string_view{head[name].data(), head[name].size()}; };
  const std::string_view body{bytes.data(), bytes.size() - head.body().size};
  response answer;
  answer.status = static_cast<int>(head.result_int());
  answer.body = readable_text(decompress(body, field(bhttp::field::content_encoding)),
                              charset_of(field(bhttp::field::content_type)));
  answer.retry_after_seconds =
      read_retry_after(field(bhttp::field::retry_after), field(bhttp::field::date), with_.clock.now());
  co_return answer;
}

/// Nothing of the operator's own is ever blocked: there it is a slip in a setting, or a name server that is down.
tl::unexpected<webhook_exchange::response> webhook_exchange::refuse(const error& refusal) const {
  if (with_.policy.unguarded)
    return give_up(failure::could_not_connect, refusal.message);
  return give_up(failure::blocked, security::blocked_attempt_text(refusal));
}

tl::unexpected<webhook_exchange::response> webhook_exchange::give_up(failure what, std::string detail) const {
  response ended;
  ended.what = what;
  ended.detail = std::move(detail);
  return tl::unexpected<response>(std::move(ended));
}

tl::unexpected<webhook_exchange::response> webhook_exchange::give_up(const error_code& failed,
                                                                     failure otherwise) const {
  if (failed == beast::error::timeout)
    return give_up(failure::timed_out, "The deadline passed");
  if (aborted_)
    return give_up(failure::cut_off, shutting_down);
  return give_up(otherwise, failed.message());
}

bool webhook_exchange::time_is_up() const { return steady::now() >= deadline_; }

} // namespace cued::http::client
