#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"
#include "domain/principal.hpp"
#include "http/server/route.hpp"

namespace cued::http {

class principal_cache;

/// What the header `Authorization` comes to.
struct identity {
  using kind = caller_kind;
  kind by = kind::none;
  std::shared_ptr<const principal> who; ///< null: see `refusal`
  bool approaching_limit = false;       ///< of the month's executions
  error refusal;                        ///< what a route that needs a caller answers then
  std::uint64_t asked = 0;              ///< principal_cache::ticket from before the look-up

  [[nodiscard]] bool known() const { return who != nullptr; }
};

/// Who is calling: API key, session token, or the internal token on a user's behalf. The rate limiter asks first, for
/// the caller's own limit; the route's refusal comes later from the same look-up (spec/http.md §1.2, §6.1).
/// A database that cannot be asked gives 503, never 401. Source: spec/auth.md §1, §4.
/// Thread: any I/O thread; owns nothing, the cache is shared.
class authentication {
public:
  explicit authentication(services& with) : with_{with} {}

  [[nodiscard]] boost::asio::awaitable<identity> identify(const request& in) const;

  /// The same if it is remembered who that API key belongs to. Nothing: ask identify().
  [[nodiscard]] std::optional<identity> identify_at_once(const request& in) const;

  /// Whether confirm() has nothing to ask.
  [[nodiscard]] bool is_confirmed(const identity& known) const;
  /// The same caller, or what has become of him since: clients take up to 30 s for a body, and a key that was revoked
  /// meanwhile must open nothing any more.
  [[nodiscard]] boost::asio::awaitable<identity> confirm(const request& in, identity known) const;

  /// `Bearer <INTERNAL_AUTH_TOKEN>`, character for character; never while that setting is empty. Constant time.
  [[nodiscard]] bool carries_internal_token(const request& in) const;

private:
  [[nodiscard]] bool is_internal(std::string_view token) const; ///< and the internal token opens routes of users
  [[nodiscard]] boost::asio::awaitable<identity> look_at(const request& in) const;
  [[nodiscard]] boost::asio::awaitable<identity> identify_key(std::string_view token) const;
  [[nodiscard]] boost::asio::awaitable<identity> identify_session(std::string_view token) const;
  [[nodiscard]] boost::asio::awaitable<identity> identify_on_behalf(const request& in) const;

  services& with_;
};

/// The token of `Authorization: Bearer <token>`, trimmed. Nothing if the header does not begin exactly so.
[[nodiscard]] std::optional<std::string_view> bearer_token(const request& in);

/// 401 `invalid_api_key`.
[[nodiscard]] error invalid_api_key();

} // namespace cued::http
