#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include <poll.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "actors/actor_engine.hpp"
#include "actors/notify/notifier.hpp"
#include "config/command_line.hpp"
#include "config/database_url.hpp"
#include "config/logging.hpp"
#include "config/redis_url.hpp"
#include "config/report.hpp"
#include "config/session_secret.hpp"
#include "config/settings.hpp"
#include "doctor.hpp"
#include "domain/time_zone.hpp"
#include "domain/time_zone_source.hpp"
#include "http/client/name_resolver.hpp"
#include "http/client/tls_context.hpp"
#include "http/client/webhook_client.hpp"
#include "http/middleware/pipeline.hpp"
#include "http/middleware/principal_cache.hpp"
#include "http/routes/echo_board.hpp"
#include "http/routes/health_monitor.hpp"
#include "http/routes/table.hpp"
#include "http/server/server.hpp"
#include "http/services.hpp"
#include "persistence/postgres/embedded_cluster.hpp"
#include "persistence/postgres/migrator.hpp"
#include "persistence/postgres/pool.hpp"
#include "persistence/redis/redis_client.hpp"
#include "persistence/redis/shared_keys.hpp"
#include "persistence/redis/sharing_stores.hpp"
#include "security/local_rate_limiter.hpp"
#include "security/random.hpp"
#include "security/redaction.hpp"
#include "security/session_token.hpp"
#include "security/url_guard.hpp"

/// The composition root: makes the parts, hands them to each other, waits, and takes them down in order.
namespace {

using namespace cued;
using config::settings;

int complain(const std::string& what) {
  std::fprintf(stderr, "cued: %s\n", what.c_str());
  return EXIT_FAILURE;
}

/// What main waits for: a signal, the end of the private cluster, or an actor that cannot be kept alive.
class wake_up {
public:
  enum class reason { asked_to_stop, hopeless, cluster_gone };

  /// Before there are threads: they inherit the blocked signals.
  wake_up() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = signalfd(-1, &stop, SFD_CLOEXEC);
    hopeless_ = eventfd(0, EFD_CLOEXEC);
  }
  ~wake_up() {
    close(signals_);
    close(hopeless_);
  }
  wake_up(const wake_up&) = delete;
  wake_up& operator=(const wake_up&) = delete;

  void give_up(const std::string& why) { ///< any thread
    why_ = why;
    const std::uint64_t one = 1;
    if (write(hopeless_, &one, sizeof one) < 0)
      std::abort();
  }

  reason wait(int cluster_exit) const {
    pollfd watched[3] = {{signals_, POLLIN, 0}, {hopeless_, POLLIN, 0}, {cluster_exit, POLLIN, 0}};
    while (poll(watched, cluster_exit < 0 ? 2 : 3, -1) < 0) {
    }
    if (watched[1].revents != 0)
      return reason::hopeless;
    return watched[0].revents != 0 ? reason::asked_to_stop : reason::cluster_gone;
  }

  [[nodiscard]] const std::string& why() const { return why_; }

private:
  int signals_ = -1;
  int hopeless_ = -1;
  std::string why_;
};

/// The database: a private cluster, or the one DATABASE_URL names.
struct database {
  std::unique_ptr<persistence::embedded_cluster> cluster;
  persistence::connection_options options;
};

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

/// Redis, if REDIS_URL names one, and the keys that are kept there.
struct redis_part {
  redis_part(const settings& s, const config::redis_address& where, prometheus::Registry& metrics)
      : errors{prometheus::BuildCounter()
                   .Name("cued_redis_errors_total")
                   .Help("Jobs that Redis did not do, because it was away or refused them")
                   .Register(metrics)
                   .Add({})},
        client{redis_settings_of(where)}, keys{client,
                                               s.node_name,
                                               {std::chrono::seconds{s.poller_heartbeat_ttl_seconds},
                                                std::chrono::seconds{s.poller_leader_lock_ttl_seconds}}} {}

  persistence::redis_settings redis_settings_of(const config::redis_address& where) {
    persistence::redis_settings out;
    out.address = where;
    out.on_error = [this] { errors.Increment(); };
    return out;
  }

  prometheus::Counter& errors;
  persistence::redis_client client;
  persistence::shared_keys keys;
};

result<std::unique_ptr<redis_part>> open_redis(const settings& s, prometheus::Registry& metrics,
                                               actors::clock_pulse& pulse) {
  if (s.redis_url.empty())
    return nullptr;
  const auto where = config::read_redis_url(s.redis_url);
  if (!where)
    return fail(500, "invalid_redis_url", "REDIS_URL: " + where.error());
  auto out = std::make_unique<redis_part>(s, *where, metrics);
  pulse.on_beat([&keys = out->keys](const actors::clock_pulse::reading& beat) {
    keys.write_heartbeat(beat.last_run, beat.cues_processed, beat.cycle_duration);
  });
  return out;
}

actors::store_makers stores_over(const persistence::connection_options& options, const settings& s,
                                 persistence::shared_keys* shared) {
  using namespace persistence;
  const deadline_limits limits{s.execution_stale_after_seconds,
                               s.worker_claim_timeout_seconds,
                               s.worker_heartbeat_timeout_seconds,
                               s.worker_unclaimed_timeout_seconds,
                               s.poller_batch_size,
                               s.execution_retention_days};
  const auto monthly_limit = s.disable_quota_enforcement ? postgres_delivery_store::monthly_limit::ignored
                                                         : postgres_delivery_store::monthly_limit::enforced;
  return {[options] { return std::make_unique<postgres_claim_store>(options); },
          [options, shared]() -> std::unique_ptr<outcome_store> {
            auto store = std::make_unique<postgres_outcome_store>(options);
            if (shared == nullptr)
              return store;
            return std::make_unique<usage_sharing_store>(std::move(store), *shared);
          },
          [options, monthly_limit, shared]() -> std::unique_ptr<delivery_store> {
            auto store = std::make_unique<postgres_delivery_store>(options, monthly_limit);
            if (shared == nullptr)
              return store;
            return std::make_unique<grace_sharing_store>(std::move(store), *shared);
          },
          [options] { return std::make_unique<postgres_clock_store>(options); },
          [options, limits] { return std::make_unique<postgres_deadline_store>(options, limits); },
          [options] { return std::make_unique<postgres_notice_store>(options); }};
}

actors::engine_settings engine_settings_of(const settings& s, const time_source& clock,
                                           security::random_source& random) {
  actors::engine_settings e;
  e.shards = static_cast<std::size_t>(s.shards);
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

result<security::url_policy> url_policy_of(const settings& s) {
  auto networks = security::parse_networks(s.webhook_allow_networks);
  if (!networks)
    return fail(networks.error());
  return security::url_policy{s.env == "development", s.webhook_allow_loopback, std::move(*networks)};
}

void greet(const settings& s, std::uint16_t port) {
  const auto host = s.host == "0.0.0.0" ? std::string{"127.0.0.1"} : s.host;
  std::printf("cued %s is ready at http://%s:%u\n", CUED_VERSION, host.c_str(), static_cast<unsigned>(port));
  std::fflush(stdout);
}

/// Whatever ends the server: first the engine comes to rest, then the sender gives up what is still under way (it is
/// found again from Postgres), and only then may either of them go. They know each other.
struct at_the_end {
  actors::actor_engine& engine;
  http::client::webhook_client& sender;
  std::chrono::milliseconds patience;

  ~at_the_end() {
    engine.drain(patience);
    sender.close();
  }
};

int serve(const settings& s, wake_up& wake) {
  const wall_clock clock;
  auto db = open_database(s);
  if (!db)
    return complain(db.error().message);
  if (const auto migrated = persistence::migrate(db->options); !migrated)
    return complain(migrated.error().message);
  auto policy = url_policy_of(s);
  if (!policy)
    return complain(policy.error().message);
  auto tls = http::client::make_tls_context({s.ssl_cert_file, s.ssl_cert_dir});
  if (!tls)
    return complain(tls.error().message);

  prometheus::Registry metrics;
  security::system_random random;
  security::local_rate_limiter limiter{clock};
  const security::session_tokens sessions{s.session_secret};
  actors::clock_pulse pulse;
  actors::log_notifier letters{s.production() ? actors::log_notifier::magic_links::withheld
                                              : actors::log_notifier::magic_links::written_out};
  http::client::name_resolver names;
  http::principal_cache principals;
  http::echo_board echoes;
  http::health_monitor health;

  persistence::pool pool{db->options, static_cast<std::size_t>(s.database_pool_size + s.database_max_overflow)};
  http::client::webhook_client sender{
      {static_cast<std::size_t>(s.webhook_concurrency_per_worker) + 16}, *policy, std::move(*tls), names, clock};
  const auto redis = open_redis(s, metrics, pulse);
  if (!redis)
    return complain(redis.error().message);
  auto* const shared = *redis ? &(*redis)->keys : nullptr;
  auto engine_wanted = engine_settings_of(s, clock, random);
  engine_wanted.shared = shared;
  actors::actor_engine engine{std::move(engine_wanted),
                              stores_over(db->options, s, shared),
                              sender,
                              letters,
                              clock,
                              metrics,
                              pulse,
                              [&wake](const std::string& why) { wake.give_up(why); }};
  const at_the_end calm{engine, sender, std::chrono::seconds{s.shutdown_timeout_seconds} / 2};

  const auto routes = http::enabled_routes(s);
  http::services services{
      .settings = s,
      .database = pool,
      .engine = engine,
      .pulse = pulse,
      .letters = letters,
      .clock = clock,
      .random = random,
      .limiter = limiter,
      .sessions = sessions,
      .principals = principals,
      .echoes = echoes,
      .names = names,
      .url_policy = *policy,
      .health = health,
      .metrics = metrics,
      .routes = routes,
      .version = CUED_VERSION,
      .shared = shared,
  };
  http::pipeline pipeline{services};
  http::server_limits limits;
  limits.stop_grace = std::chrono::seconds{s.shutdown_timeout_seconds} / 2;
  http::server server{{s.host, static_cast<std::uint16_t>(s.port), static_cast<std::size_t>(s.io_threads), limits},
                      pipeline};
  if (const auto listening = server.start(); !listening)
    return complain(listening.error().message);
  greet(s, server.port());

  auto why = wake.wait(db->cluster ? db->cluster->exit_descriptor() : -1);
  while (why == wake_up::reason::cluster_gone) {
    spdlog::error("the private Postgres is gone; starting it again");
    if (const auto again = db->cluster->ensure_running(); !again) {
      wake.give_up(again.error().message);
      why = wake_up::reason::hopeless;
      break;
    }
    why = wake.wait(db->cluster->exit_descriptor());
  }

  spdlog::info("stopping");
  engine.answer_waiting(); // else the server would wait for them
  server.stop();
  if (why == wake_up::reason::hopeless)
    return complain(wake.why());
  return EXIT_SUCCESS;
}

int migrate_only(const settings& s) {
  auto db = open_database(s);
  if (!db)
    return complain(db.error().message);
  const auto report = persistence::migrate(db->options);
  if (!report)
    return complain(report.error().message);
  std::printf("found: %s\n", report->found.c_str());
  for (const auto& name : report->applied)
    std::printf("applied: %s\n", name.c_str());
  for (const auto& note : report->notes)
    std::printf("note: %s\n", note.c_str());
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  auto typed = config::read_command_line(argc, argv, CUED_VERSION, exit_code);
  if (!typed)
    return exit_code;
  auto from = config::sources_of_process(std::move(typed->flags));
  auto loaded = from ? config::load(*from) : tl::unexpected{from.error()};
  if (!loaded && typed->what == config::command::doctor)
    return report(findings_of(loaded.error()));
  if (!loaded) {
    std::fputs(config::describe(loaded.error()).c_str(), stderr);
    return EXIT_FAILURE;
  }
  auto& s = loaded->values;
  const bool json = s.log_format == "json" || (s.log_format == "auto" && isatty(STDERR_FILENO) == 0);
  config::start_logging(s.log_level, json ? config::log_format::json_lines : config::log_format::text,
                        [](const std::string& text) { return security::redacted(text); });
  const auto zones = choose_time_zones(time_zone_directory(), s.tzdata_dir);
  use_time_zones(zones.used); // before the first zone is looked up
  if (typed->what == config::command::doctor)
    return report(examine(*loaded, zones, CUED_VERSION));
  for (const auto& warning : loaded->warnings)
    spdlog::warn("{}", warning);

  wake_up wake;
  switch (typed->what) {
  case config::command::show_config:
    std::fputs(config::describe(*loaded).c_str(), stdout);
    return EXIT_SUCCESS;
  case config::command::migrate:
    return migrate_only(s);
  case config::command::doctor: // seen to above
  case config::command::serve:
    break;
  }
  spdlog::log(zones.suspicious ? spdlog::level::warn : spdlog::level::info, "time zones: {}", zones.why);
  if (s.session_secret.empty()) {
    auto kept = config::kept_session_secret(s.data_dir);
    if (!kept)
      return complain(kept.error().message);
    s.session_secret = std::move(*kept);
  }
  return serve(s, wake);
}
