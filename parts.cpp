#include "parts.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include "actors/notify/mail_notifier.hpp"
#include "config/database_url.hpp"
#include "config/redis_url.hpp"
#include "http/middleware/client_address.hpp"
#include "http/middleware/principal_cache.hpp"
#include "persistence/redis/sharing_stores.hpp"
#include "persistence/resting_clock_store.hpp"
#include "security/random.hpp"

namespace cued {

using config::settings;

namespace {

/// Alerts and escalations have places besides the deliveries, so that neither waits for the other.
constexpr std::size_t notices_in_flight = 16;

/// Letters and questions to the authorization hook.
constexpr std::size_t own_messages_in_flight = 16;

persistence::redis_settings redis_settings_of(const config::redis_address& where, prometheus::Counter& errors) {
  persistence::redis_settings out;
  out.address = where;
  out.on_error = [&errors] { errors.Increment(); };
  return out;
}

} // namespace

// -- stores -----------------------------------------------------------------

result<database> open_database(const settings& s) {
  database out;
  out.options.application_name = "cued " + s.node_name;
  if (!s.embedded_database()) {
    auto dsn = config::libpq_url(s.database_url);
    if (!dsn)
      return fail(500, "invalid_database_url", "DATABASE_URL: " + dsn.error());
    out.options.dsn = *dsn;
    return out;
  }
  auto cluster = persistence::embedded_cluster::open({s.data_dir, s.postgres_bin_dir, false});
  if (!cluster)
    return fail(cluster.error());
  out.cluster = std::move(*cluster);
  out.options.dsn = out.cluster->dsn();
  // For people with psql: how to reach the private database.
  const auto note = std::filesystem::path{s.data_dir} / "database.dsn";
  if (!(std::ofstream{note} << out.options.dsn << std::endl))
    spdlog::warn("cannot write {}, which tells how to reach the database", note.string());
  return out;
}

redis_part::redis_part(const settings& s, const config::redis_address& where, prometheus::Registry& metrics,
                       const time_source& clock, security::random_source& random)
    : errors{prometheus::BuildCounter()
                 .Name("cued_redis_errors_total")
                 .Help("Jobs that Redis did not do, because it was away or refused them")
                 .Register(metrics)
                 .Add({})},
      fallbacks{prometheus::BuildCounter()
                    .Name("cued_rate_limit_fallbacks_total")
                    .Help("Requests whose rate was judged by this process, because Redis was away or slow")
                    .Register(metrics)
                    .Add({})},
      client{redis_settings_of(where, errors)}, keys{client,
                                                     s.node_name,
                                                     {std::chrono::seconds{s.poller_heartbeat_ttl_seconds},
                                                      std::chrono::seconds{s.poller_leader_lock_ttl_seconds}}},
      callers{client}, limiter{client, clock, random, {.on_fallback = [this] { fallbacks.Increment(); }}} {}

result<std::unique_ptr<redis_part>> open_redis(const settings& s, prometheus::Registry& metrics,
                                               actors::clock_pulse& pulse, const time_source& clock,
                                               security::random_source& random) {
  if (s.redis_url.empty())
    return nullptr;
  const auto where = config::read_redis_url(s.redis_url);
  if (!where)
    return fail(500, "invalid_redis_url", "REDIS_URL: " + where.error());
  auto out = std::make_unique<redis_part>(s, *where, metrics, clock, random);
  pulse.on_beat([&keys = out->keys](const actors::clock_pulse::reading& beat) {
    keys.write_heartbeat(beat.last_run, beat.cues_processed, beat.cycle_duration);
  });
  return out;
}

persistence::change_events forgetting(http::principal_cache& principals, persistence::caller_keys* callers) {
  return {[&principals](bool heard) { principals.changes_are_heard(heard); },
          [&principals, callers](const std::string& user_id) {
            const auto hashes = principals.forget_user(user_id);
            if (callers != nullptr)
              callers->forget(user_id, hashes);
          },
          [&principals] { principals.forget_all(); }};
}

result<std::unique_ptr<persistence::membership>>
join_nodes(const settings& s, const persistence::connection_options& options, prometheus::Registry& metrics) {
  auto& living = prometheus::BuildGauge()
                     .Name("cued_nodes")
                     .Help("Nodes that share the database, this one included, as it last saw them")
                     .Register(metrics)
                     .Add({});
  auto& fenced = prometheus::BuildCounter()
                     .Name("cued_node_fenced_total")
                     .Help("How often this node was taken for dead by another and began anew")
                     .Register(metrics)
                     .Add({});
  persistence::membership_settings chosen{s.node_name, s.node_lease_seconds, s.disable_cue_primitive,
                                          s.embedded_database()};
  chosen.on_look = [&living](std::size_t nodes) { living.Set(static_cast<double>(nodes)); };
  chosen.on_fenced = [&fenced] { fenced.Increment(); };
  return persistence::membership::join(std::make_unique<persistence::postgres_node_store>(options), std::move(chosen));
}

// -- engine -----------------------------------------------------------------

actors::store_makers stores_over(const persistence::connection_options& options, const settings& s,
                                 persistence::shared_keys* shared, const persistence::node_seat& seat) {
  using namespace persistence;
  const deadline_limits limits{s.execution_stale_after_seconds,
                               s.worker_claim_timeout_seconds,
                               s.worker_heartbeat_timeout_seconds,
                               s.worker_unclaimed_timeout_seconds,
                               s.poller_batch_size,
                               s.execution_retention_days,
                               s.audit_retention_days};
  const auto monthly_limit = s.disable_quota_enforcement ? postgres_delivery_store::monthly_limit::ignored
                                                         : postgres_delivery_store::monthly_limit::enforced;
  return {[options] { return std::make_unique<postgres_claim_store>(options); },
          [options, shared]() -> std::unique_ptr<outcome_store> {
            auto store = std::make_unique<postgres_outcome_store>(options);
            if (shared == nullptr)
              return store;
            return std::make_unique<usage_sharing_store>(std::move(store), *shared);
          },
          [options, monthly_limit, shared, &seat]() -> std::unique_ptr<delivery_store> {
            auto store = std::make_unique<postgres_delivery_store>(options, monthly_limit, &seat);
            if (shared == nullptr)
              return store;
            return std::make_unique<grace_sharing_store>(std::move(store), *shared);
          },
          [options, rests = s.disable_cue_primitive, monthly_limit, &seat]() -> std::unique_ptr<clock_store> {
            if (rests)
              return std::make_unique<resting_clock_store>();
            return std::make_unique<postgres_clock_store>(options, &seat, monthly_limit);
          },
          [options, limits] { return std::make_unique<postgres_deadline_store>(options, limits); },
          [options] { return std::make_unique<postgres_notice_store>(options); }};
}

/// A batch costs Postgres as much as dozens of its rows, so few large ones are worth more than many at once; and while
/// claims and outcomes are being written, each member keeps a processor busy.
std::size_t shards_for_this_machine() { return std::max<std::size_t>(1, std::thread::hardware_concurrency() / 2); }

actors::engine_settings engine_settings_of(const settings& s, const time_source& clock,
                                           security::random_source& random) {
  actors::engine_settings e;
  e.shards = s.shards > 0 ? static_cast<std::size_t>(s.shards) : shards_for_this_machine();
  e.batch_rows = static_cast<std::size_t>(s.batch_rows);
  e.poll_interval = std::chrono::seconds{s.poller_interval_seconds};
  e.stale_after = std::chrono::seconds{s.execution_stale_after_seconds};
  e.webhook_deadline = std::chrono::seconds{s.webhook_timeout_seconds};
  e.webhooks_in_flight = static_cast<std::size_t>(s.webhook_concurrency_per_worker);
  e.webhooks_in_flight_per_tenant = static_cast<std::size_t>(s.max_concurrent_deliveries_per_user);
  e.dst_overlap = s.cron_dst_overlap == "both" ? overlap::both : overlap::once;
  if (s.embedded_database()) // the lock of the data directory says that there is no other
    e.sole_owner_since = clock.now();
  e.new_execution_id = [&random] { return security::new_uuid(random); };
  return e;
}

// -- what leaves the house --------------------------------------------------

result<security::url_policy> url_policy_of(const settings& s) {
  auto networks = security::parse_networks(s.webhook_allow_networks);
  if (!networks)
    return fail(networks.error());
  return security::url_policy{s.env == "development", s.webhook_allow_loopback, std::move(*networks)};
}

result<http::client::webhook_client::options> sender_options_of(const settings& s) {
  http::client::webhook_client::options options;
  options.concurrency = static_cast<std::size_t>(s.webhook_concurrency_per_worker) + notices_in_flight;
  if (s.webhook_egress_proxy.empty())
    return options;
  auto proxy = http::client::read_egress_proxy(s.webhook_egress_proxy);
  if (!proxy)
    return fail(500, "invalid_proxy", "WEBHOOK_EGRESS_PROXY " + proxy.error().message);
  spdlog::info("webhooks leave through the proxy {}", proxy->text());
  options.proxy = std::move(*proxy);
  return options;
}

security::url_policy policy_for_own_addresses() {
  security::url_policy out;
  out.unguarded = true;
  return out;
}

http::client::webhook_client::options own_sender_options() {
  http::client::webhook_client::options out;
  out.concurrency = own_messages_in_flight;
  return out;
}

std::unique_ptr<actors::notifier> open_post(const settings& s, actors::webhook_sender& sender,
                                            prometheus::Registry& metrics) {
  using actors::log_notifier;
  if (s.resend_api_key.empty())
    return std::make_unique<log_notifier>(s.production() ? log_notifier::magic_links::withheld
                                                         : log_notifier::magic_links::written_out);
  actors::mail_settings mail{s.resend_api_url, s.resend_api_key, s.resend_from_email};
  mail.magic_links_to_log = s.env == "development";
  return std::make_unique<actors::mail_notifier>(std::move(mail), sender, metrics);
}

// -- what comes in ----------------------------------------------------------

http::server_options server_options_of(const settings& s) {
  http::server_options out;
  out.host = s.host;
  out.port = static_cast<std::uint16_t>(s.port);
  out.io_threads = static_cast<std::size_t>(s.io_threads);
  out.limits.stop_grace = std::chrono::seconds{s.shutdown_timeout_seconds} / 2;
  out.limits.connections_max = static_cast<std::size_t>(s.connections_max);
  out.limits.connections_per_address_max = static_cast<std::size_t>(s.connections_per_address_max);
  out.certificate = {s.tls_cert_file, s.tls_key_file};
  out.is_proxy = [proxies = http::trusted_proxies{s.forwarded_allow_ips}](const auto& peer) {
    return proxies.trusts(peer.to_string());
  };
  return out;
}

} // namespace cued
