#include "config/database_url.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace cued::config {

namespace {

constexpr std::array<std::string_view, 3> schemes{"postgresql+asyncpg://", "postgresql://", "postgres://"};

constexpr std::array<std::string_view, 6> ssl_modes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

/// Ways of asyncpg and SQLAlchemy to tune what cued does not have.
constexpr std::array<std::string_view, 8> without_meaning{"prepared_statement_cache_size",
                                                          "prepared_statement_name_func",
                                                          "statement_cache_size",
                                                          "max_cached_statement_lifetime",
                                                          "max_cacheable_statement_size",
                                                          "async_fallback",
                                                          "command_timeout",
                                                          "async_creator_fn"};

/// PostgreSQL documentation, 34.1.2 "Parameter Key Words"; what may stand in a URL.
constexpr std::array<std::string_view, 37> libpq_parameters{
    // clang-format off
    "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "channel_binding", "connect_timeout",
    "client_encoding", "options", "application_name", "fallback_application_name", "keepalives", "keepalives_idle",
    "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode", "sslmode", "sslcompression",
    "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "requirepeer",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib", "service", "target_session_attrs",
    "requiressl", "replication"
    // clang-format on
};
template <std::size_t Size>
bool contains(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The parameter as libpq spells it; empty text: dropped.
tl::expected<std::string, std::string> libpq_parameter(std::string_view parameter) {
  const auto equals = parameter.find('=');
  const auto name = parameter.substr(0, equals);
  auto value = equals == std::string_view::npos ? std::string_view{} : parameter.substr(equals + 1);
  if (contains(without_meaning, name))
    return std::string{};
  if (name == "timeout")
    return "connect_timeout=" + std::string{value};
  if (name == "ssl" || name == "sslmode") {
    if (name == "ssl" && (value == "true" || value == "false"))
      value = value == "true" ? "require" : "disable";
    if (!contains(ssl_modes, value))
      return tl::unexpected("has " + std::string{name} + "=" + std::string{value} +
                            "; it takes disable, allow, prefer, require, verify-ca or verify-full");
    return "sslmode=" + std::string{value};
  }
  if (!contains(libpq_parameters, name))
    return tl::unexpected("has a parameter that is not known: " + std::string{name});
  return std::string{parameter};
}

} // namespace

tl::expected<std::string, std::string> libpq_url(const std::string& url) {
  std::string_view rest = url;
  const auto scheme =
      std::find_if(schemes.begin(), schemes.end(), [&](const auto one) { return rest.starts_with(one); });
  if (scheme == schemes.end())
    return tl::unexpected<std::string>("must begin with postgresql://, postgres:// or postgresql+asyncpg://");
  rest.remove_prefix(scheme->size());
  const auto question = rest.find('?');
  std::string out = "postgresql://" + std::string{rest.substr(0, question)};
  const auto query = question == std::string_view::npos ? std::string_view{} : rest.substr(question + 1);
  rest = query;
  char separator = '?';
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    auto parameter = libpq_parameter(rest.substr(0, end));
    if (!parameter && query.find('@') != std::string_view::npos) // what the reason names may be half a password
      return tl::unexpected<std::string>("has a ? before an @; in a user's name or a password it is written as %3F");
    if (!parameter)
      return parameter;
    if (!parameter->empty())
      out += std::string{std::exchange(separator, '&')} + *parameter;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

} // namespace cued::config
