#pragma once

#include <memory>

#include "actors/actor_engine.hpp"
#include "config/settings.hpp"
#include "http/client/webhook_client.hpp"
#include "http/server/server.hpp"
#include "persistence/membership.hpp"
#include "persistence/postgres/change_listener.hpp"
#include "persistence/postgres/embedded_cluster.hpp"
#include "persistence/redis/caller_keys.hpp"
#include "persistence/redis/redis_client.hpp"
#include "persistence/redis/redis_rate_limiter.hpp"
#include "persistence/redis/shared_keys.hpp"
#include "security/url_guard.hpp"

namespace prometheus {
class Counter;
class Registry;
} // namespace prometheus

/// The parts that main puts together, each made from the settings. What the settings have wrong is told in words for
/// whoever started the program. Owner: main, in whose thread all of it is called. Never: starts or stops the engine or
/// the server.
namespace cued {

namespace http {
class principal_cache;
}

// -- stores -----------------------------------------------------------------

/// The database: a private cluster, or the one DATABASE_URL names.
struct database {
  std::unique_ptr<persistence::embedded_cluster> cluster;
  persistence::connection_options options;
};

[[nodiscard]] result<database> open_database(const config::settings& s);

/// Redis, if REDIS_URL names one, and the keys that are kept there.
struct redis_part {
  redis_part(const config::settings& s, const config::redis_address& where, prometheus::Registry& metrics,
             const time_source& clock, security::random_source& random);

  prometheus::Counter& errors;
  prometheus::Counter& fallbacks;
  persistence::redis_client client;
  persistence::shared_keys keys;
  persistence::caller_keys callers;
  persistence::redis_rate_limiter limiter;
};

/// Null without REDIS_URL. The heartbeat of `pulse` is written there from now on.
[[nodiscard]] result<std::unique_ptr<redis_part>> open_redis(const config::settings& s, prometheus::Registry& metrics,
                                                             actors::clock_pulse& pulse, const time_source& clock,
                                                             security::random_source& random);

/// What the cache of callers, and Redis (null without), are told of accounts that changed anywhere.
[[nodiscard]] persistence::change_events forgetting(http::principal_cache& principals,
                                                    persistence::caller_keys* callers);

/// Joins the nodes that share the database. The first look at them was taken; `begin` it when all else is there.
[[nodiscard]] result<std::unique_ptr<persistence::membership>>
join_nodes(const config::settings& s, const persistence::connection_options& options, prometheus::Registry& metrics);

// -- engine -----------------------------------------------------------------

[[nodiscard]] actors::store_makers stores_over(const persistence::connection_options& options,
                                               const config::settings& s, persistence::shared_keys* shared,
                                               const persistence::node_seat& seat);

[[nodiscard]] actors::engine_settings engine_settings_of(const config::settings& s, const time_source& clock,
                                                         security::random_source& random);

// -- what leaves the house --------------------------------------------------

[[nodiscard]] result<security::url_policy> url_policy_of(const config::settings& s);

[[nodiscard]] result<http::client::webhook_client::options> sender_options_of(const config::settings& s);

/// For what goes to addresses of the operator's own settings: letters and the questions to the authorization hook.
[[nodiscard]] security::url_policy policy_for_own_addresses();
[[nodiscard]] http::client::webhook_client::options own_sender_options();

[[nodiscard]] std::unique_ptr<actors::notifier> open_post(const config::settings& s, actors::webhook_sender& sender,
                                                          prometheus::Registry& metrics);

// -- what comes in ----------------------------------------------------------

[[nodiscard]] http::server_options server_options_of(const config::settings& s);

} // namespace cued
