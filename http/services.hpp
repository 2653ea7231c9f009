#pragma once

#include <span>
#include <string_view>

#include "domain/instant.hpp"

namespace prometheus {
class Registry;
}
namespace cued::config {
struct settings;
}
namespace cued::security {
class random_source;
class session_tokens;
class rate_limiter;
struct url_policy;
} // namespace cued::security
namespace cued::persistence {
class caller_keys;
class change_listener;
class node_seat;
class pool;
class shared_keys;
} // namespace cued::persistence
namespace cued::actors {
class clock_pulse;
class engine;
class notifier;
} // namespace cued::actors

namespace cued::http::client {
class name_resolver;
}

namespace cued::http {

class documentation;
class echo_board;
class execution_lookup;
class health_monitor;
class message_authorizer;
class principal_cache;
struct route;

/// What handlers and middlewares may use. Made once by main, which owns everything in it; all of it outlives the
/// server and may be used from any I/O thread. Include the header of what you use.
struct services {
  const config::settings& settings;
  persistence::pool& database;      ///< through on_database (http/waiting.hpp)
  actors::engine& engine;           ///< through ask (http/waiting.hpp)
  const actors::clock_pulse& pulse; ///< what the clock last did, for /health
  actors::notifier& letters;        ///< letters to the owners of accounts
  const time_source& clock;
  security::random_source& random;
  security::rate_limiter& limiter;
  const security::session_tokens& sessions;
  principal_cache& principals;            ///< after changing an account: account_changed() of middleware/revocation.hpp
  execution_lookup& executions;           ///< single ones, many in one statement
  echo_board& echoes;                     ///< what was sent to /v1/echo
  client::name_resolver& names;           ///< through check_url (http/url_check.hpp)
  const security::url_policy& url_policy; ///< which addresses webhooks may reach
  health_monitor& health;                 ///< how the database is, for /health
  prometheus::Registry& metrics;
  std::span<const route> routes;                   ///< the table the server dispatches on
  const documentation& documents;                  ///< the same table to read
  std::string_view version;                        ///< of this program
  persistence::shared_keys* shared = nullptr;      ///< what Redis holds; null without Redis
  persistence::caller_keys* callers = nullptr;     ///< what Redis is told of callers; null without Redis
  persistence::change_listener* changes = nullptr; ///< hears of changed accounts; null in tests of one process
  const persistence::node_seat* seat = nullptr;    ///< this node among the others; null in tests of one process
  message_authorizer* authorizer = nullptr;        ///< who may write to whom; null in tests that do not ask
};

} // namespace cued::http
