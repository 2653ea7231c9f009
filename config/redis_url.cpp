#include "config/redis_url.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace cued::config {
namespace {

constexpr int port_max = 65'535;
constexpr int database_max = 1'000'000; // servers have 16 unless told otherwise

std::optional<int> read_number_up_to(std::string_view text, int most) {
  int out = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end || out < 0 || out > most)
    return std::nullopt;
  return out;
}

/// Nothing if a `%` is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char byte = 0;
    if (i + 2 >= text.size())
      return std::nullopt;
    const auto* end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, byte, 16).ptr != end)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

/// Moves `user:password@`, if it is there, from the front of `rest` into `out`. False: badly encoded.
bool take_account(std::string_view& rest, redis_address& out) {
  const auto at = rest.substr(0, rest.find('/')).rfind('@');
  if (at == std::string_view::npos)
    return true;
  const auto account = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const auto colon = account.find(':');
  const auto user = percent_decoded(account.substr(0, colon));
  const auto password =
      percent_decoded(colon == std::string_view::npos ? std::string_view{} : account.substr(colon + 1));
  if (!user || !password)
    return false;
  out.user = *user;
  out.password = *password;
  return true;
}

/// `host`, `host:port`, `[::1]:port`; an empty host or port keeps its default.
bool read_place(std::string_view place, redis_address& out) {
  std::string_view host = place, port;
  if (place.starts_with('[')) {
    const auto close = place.find(']');
    if (close == std::string_view::npos)
      return false;
    host = place.substr(1, close - 1);
    port = place.substr(close + 1);
  } else if (const auto colon = place.rfind(':'); colon != std::string_view::npos) {
    host = place.substr(0, colon);
    port = place.substr(colon);
  }
  if (!host.empty())
    out.host = host;
  if (port.empty() || port == ":")
    return true;
  const auto number = port.starts_with(':') ? read_number_up_to(port.substr(1), port_max) : std::nullopt;
  out.port = number.value_or(0);
  return out.port > 0;
}

tl::expected<redis_address, std::string> read_socket(std::string_view rest, redis_address out) {
  const auto question = rest.find('?');
  out.socket_path = rest.substr(0, question);
  if (!out.socket_path.starts_with('/'))
    return tl::unexpected<std::string>("unix:// must be followed by the absolute path of a socket");
  if (question == std::string_view::npos)
    return out;
  const auto query = rest.substr(question + 1);
  const auto number = query.starts_with("db=") ? read_number_up_to(query.substr(3), database_max) : std::nullopt;
  if (!number)
    return tl::unexpected<std::string>("unix:// takes one parameter, db=, with a number");
  out.database = *number;
  return out;
}

tl::expected<redis_address, std::string> read_host(std::string_view rest, redis_address out) {
  const auto slash = rest.find('/');
  if (!read_place(rest.substr(0, slash), out))
    return tl::unexpected<std::string>("must name a host and perhaps a port from 1 to 65535");
  const auto database = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (database.empty())
    return out;
  const auto number = read_number_up_to(database, database_max);
  if (!number)
    return tl::unexpected<std::string>("must end in the number of a database, as /0");
  out.database = *number;
  return out;
}

} // namespace

tl::expected<redis_address, std::string> read_redis_url(const std::string& url) {
  constexpr std::string_view over_tcp = "redis://", over_socket = "unix://", over_tls = "rediss://";
  std::string_view rest = url;
  if (rest.starts_with(over_tls))
    return tl::unexpected<std::string>("rediss:// is not supported: the Redis client of this build cannot encrypt; use "
                                       "redis:// in a trusted network, a unix socket or a tunnel");
  const bool socket = rest.starts_with(over_socket);
  if (!socket && !rest.starts_with(over_tcp))
    return tl::unexpected<std::string>("must begin with redis:// or unix://");
  rest.remove_prefix(socket ? over_socket.size() : over_tcp.size());
  redis_address out;
  if (!take_account(rest, out))
    return tl::unexpected<std::string>("has a user or a password that is not percent-encoded properly");
  return socket ? read_socket(rest, std::move(out)) : read_host(rest, std::move(out));
}

} // namespace cued::config
