#include <memory>

#include <libpq-fe.h>

#include "config/database_url.hpp"
#include "config/redis_url.hpp"
#include "config/setting_table.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: DATABASE_URL, then REDIS_URL.
namespace {

using cued::config::libpq_url;
using cued::config::read_redis_url;
using cued::config::redis_address;
using cued::fuzz::require;
using cued::fuzz::require_equal;

constexpr std::string_view secret = "Tr0ub4dor";

struct freed_by_libpq {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

void check_database(const std::string& url) {
  const auto found = libpq_url(url);
  if (!found) {
    require(found.error().find(secret) == std::string::npos, "a refusal does not repeat the password");
    return;
  }
  require(found->starts_with("postgresql://"), "what libpq gets is a URL");
  require_equal(libpq_url(*found).value_or("refused"), *found, "the result is accepted and stays as it is");
  if (url.find('\0') != std::string::npos)
    return;
  char* fault = nullptr;
  const std::unique_ptr<PQconninfoOption, freed_by_libpq> options{PQconninfoParse(found->c_str(), &fault)};
  PQfreemem(fault);
  if (!options)
    return;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr && std::string_view{option->keyword} == "sslmode")
      require(found->find("sslmode=") != std::string::npos, "encryption is decided by what was written");
}

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

void check_redis(const std::string& url) {
  const auto found = read_redis_url(url);
  if (!found) {
    require(found.error().find(secret) == std::string::npos, "a refusal does not repeat the password");
    return;
  }
  require(found->port > 0 && found->port <= 65'535, "the port is one");
  require(found->database >= 0, "databases are counted from 0");
  const auto account = encoded(found->user) + ":" + encoded(found->password) + "@";
  const auto number = std::to_string(found->database);
  std::string rebuilt;
  if (found->socket_path.empty()) {
    require(!found->host.empty(), "there is a host to connect to");
    rebuilt = "redis://" + account + "[" + found->host + "]:" + std::to_string(found->port) + "/" + number;
    if (found->host.find(']') != std::string::npos)
      return;
  } else {
    require(found->socket_path.starts_with('/'), "a socket has an absolute path");
    rebuilt = "unix://" + account + found->socket_path + "?db=" + number;
  }
  const auto again = read_redis_url(rebuilt);
  require(again && again->host == found->host && again->port == found->port && again->user == found->user &&
              again->password == found->password && again->database == found->database &&
              again->socket_path == found->socket_path,
          "written anew from its parts, the URL says the same");
}

/// An account put into what the fuzzer has found. Its password must not be shown, even where it is not encoded.
void check_shown(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos)
    return;
  for (const std::string_view between : {"", "?", "/", "#", "&", "=", "@", ":", "%", "?ssl=", "?x&"}) {
    const auto account = "user:a" + std::string{between} + std::string{secret} + "@";
    const auto with_secret = url.substr(0, scheme + 3) + account + url.substr(scheme + 3);
    require(cued::config::without_password(with_secret).find(secret) == std::string::npos, "passwords are not shown");
    check_database(with_secret);
    check_redis(with_secret);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  const std::string database{in.line()}, redis{in.line()};
  if (database.find(secret) != std::string::npos || redis.find(secret) != std::string::npos)
    return 0;
  check_database(database);
  check_redis(redis);
  check_shown(database);
  check_shown(redis);
  return 0;
}
