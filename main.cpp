#include <cstdio>

#include <prometheus/registry.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "actors/actor_engine.hpp"
#include "actors/notify/notifier.hpp"
#include "actors/supervisor/end_in_time.hpp"
#include "config/command_line.hpp"
#include "config/logging.hpp"
#include "config/report.hpp"
#include "config/session_secret.hpp"
#include "config/setting_table.hpp"
#include "config/settings.hpp"
#include "doctor.hpp"
#include "domain/time_zone.hpp"
#include "domain/time_zone_source.hpp"
#include "http/authorization/message_authorizer.hpp"
#include "http/client/name_resolver.hpp"
#include "http/client/tls_context.hpp"
#include "http/client/webhook_client.hpp"
#include "http/middleware/pipeline.hpp"
#include "http/middleware/principal_cache.hpp"
#include "http/routes/documentation.hpp"
#include "http/routes/echo_board.hpp"
#include "http/routes/execution_lookup.hpp"
#include "http/routes/health_monitor.hpp"
#include "http/routes/table.hpp"
#include "http/server/server.hpp"
#include "http/services.hpp"
#include "parts.hpp"
#include "persistence/cue_runs.hpp"
#include "persistence/cut_off_deliveries.hpp"
#include "persistence/postgres/change_listener.hpp"
#include "persistence/postgres/migrator.hpp"
#include "persistence/postgres/pool.hpp"
#include "security/local_rate_limiter.hpp"
#include "security/random.hpp"
#include "security/redaction.hpp"
#include "security/session_token.hpp"
#include "service_manager.hpp"
#include "wake_up.hpp"

/// The composition root: makes the parts, hands them to each other, waits, and takes them down in order.
namespace {

using namespace cued;
using config::settings;

int complain(const std::string& what) {
  std::fprintf(stderr, "cued: %s\n", what.c_str());
  return EXIT_FAILURE;
}

void greet(const settings& s, std::uint16_t port) {
  const auto host = s.host == "0.0.0.0" ? std::string{"127.0.0.1"} : s.host;
  std::printf("cued %s is ready at %s://%s:%u\n", CUED_VERSION, s.tls_cert_file.empty() ? "http" : "https",
              host.c_str(), static_cast<unsigned>(port));
  std::fflush(stdout);
}

/// Whatever ends the server: first the engine comes to rest, then the senders give up what is still under way (it is
/// found again from Postgres), and only then may any of them go. They know each other. At last the cues' counters are
/// brought up to date, for whoever reads the database without us.
struct at_the_end {
  actors::actor_engine& engine;
  persistence::membership& membership;
  http::client::webhook_client& sender;
  http::client::webhook_client& own_sender;
  persistence::connection_options database;
  const time_source& clock;
  std::chrono::milliseconds patience;

  ~at_the_end() {
    const actors::end_in_time limit{patience + actors::watch_limits{}.farewell, actors::names_of(engine.troubles())};
    engine.drain(patience);
    sender.close();
    own_sender.close();
    persistence::connection link{database};
    hand_back_cut_off(link); // before the others take us for gone
    membership.leave();      // what is not done is for the other nodes
    if (const auto folded = persistence::fold_cue_runs(link); !folded)
      spdlog::warn("run_count of some cues is behind; the next start brings it up to date: {}", folded.error().message);
  }

private:
  void hand_back_cut_off(persistence::connection& link) const {
    const auto cut_off = engine.cut_off_deliveries();
    if (cut_off.empty())
      return;
    if (const auto handed_back = persistence::hand_back_cut_off(link, cut_off, clock.now()))
      spdlog::info("{} webhooks were cut off, and are sent again by whoever is there next", *handed_back);
    else
      spdlog::warn("{} webhooks were cut off; they will be recovered as stale: {}", cut_off.size(),
                   handed_back.error().message);
  }
};

/// Waits until there is no going on. What there is between, a new certificate and a private Postgres that died, it sees
/// to. `cluster` is null where the database is somebody else's.
wake_up::reason wait_for_the_end(wake_up& wake, http::server& server, const service_manager& manager,
                                 persistence::embedded_cluster* cluster) {
  while (true) {
    const auto why = wake.wait(cluster != nullptr ? cluster->exit_descriptor() : -1);
    if (why == wake_up::reason::asked_to_reload) {
      manager.reloading();
      if (const auto reloaded = server.reload_certificate(); !reloaded)
        spdlog::error("the certificate stays the one it was: {}", reloaded.error().message);
      manager.ready();
    } else if (why == wake_up::reason::cluster_gone) {
      spdlog::error("the private Postgres is gone; starting it again");
      if (const auto again = cluster->ensure_running(); !again) {
        wake.give_up(again.error().message);
        return wake_up::reason::hopeless;
      }
    } else {
      return why;
    }
  }
}

int serve(const settings& s, wake_up& wake) {
  const wall_clock clock;
  auto policy = url_policy_of(s);
  if (!policy)
    return complain(policy.error().message);
  auto sender_options = sender_options_of(s);
  if (!sender_options)
    return complain(sender_options.error().message);
  if (const http::certificate_files files{s.tls_cert_file, s.tls_key_file}; files.named())
    if (const auto usable = http::load_certificate(files); !usable)
      return complain(usable.error().message);
  auto db = open_database(s);
  if (!db)
    return complain(db.error().message);
  const persistence::migration_patience patience{.asked_to_stop = wake_up::stop_is_pending};
  if (const auto migrated = persistence::migrate(db->options, patience); !migrated)
    return migrated.error().code == "stopped" ? EXIT_SUCCESS : complain(migrated.error().message);
  auto tls = http::client::make_tls_context({s.ssl_cert_file, s.ssl_cert_dir});
  if (!tls)
    return complain(tls.error().message);
  auto own_tls = http::client::make_tls_context({s.ssl_cert_file, s.ssl_cert_dir});
  if (!own_tls)
    return complain(own_tls.error().message);

  prometheus::Registry metrics;
  security::system_random random;
  security::local_rate_limiter own_limiter{clock};
  const security::session_tokens sessions{s.session_secret};
  actors::clock_pulse pulse;
  http::client::name_resolver names;
  http::principal_cache principals;
  http::echo_board echoes;
  http::health_monitor health;

  persistence::pool pool{db->options, static_cast<std::size_t>(s.database_pool_size + s.database_max_overflow)};
  http::execution_lookup executions{pool};
  http::client::webhook_client sender{std::move(*sender_options), *policy, std::move(*tls), names, clock};
  http::client::webhook_client own_sender{own_sender_options(), policy_for_own_addresses(), std::move(*own_tls), names,
                                          clock};
  const auto letters = open_post(s, own_sender, metrics);
  const auto redis = open_redis(s, metrics, pulse, clock, random);
  if (!redis)
    return complain(redis.error().message);
  auto* const shared = *redis ? &(*redis)->keys : nullptr;
  auto* const callers = *redis ? &(*redis)->callers : nullptr;
  persistence::change_listener changes{db->options, forgetting(principals, callers)};
  auto nodes = join_nodes(s, db->options, metrics);
  if (!nodes)
    return complain(nodes.error().message);
  auto& membership = **nodes;
  auto engine_wanted = engine_settings_of(s, clock, random);
  engine_wanted.shared = shared;
  engine_wanted.seat = &membership.seat();
  actors::actor_engine engine{std::move(engine_wanted),
                              stores_over(db->options, s, shared, membership.seat()),
                              sender,
                              *letters,
                              clock,
                              metrics,
                              pulse,
                              [&wake](const std::string& why) { wake.give_up(why); }};
  const auto authorizer = http::make_message_authorizer(s, own_sender, clock, shared);
  membership.begin();
  const at_the_end calm{
      engine, membership, sender, own_sender, db->options, clock, std::chrono::seconds{s.shutdown_timeout_seconds} / 2};

  const auto routes = http::enabled_routes(s);
  const http::documentation documents{routes, s.external_auth_backend};
  http::services services{
      .settings = s,
      .database = pool,
      .engine = engine,
      .pulse = pulse,
      .letters = *letters,
      .clock = clock,
      .random = random,
      .limiter = *redis ? static_cast<security::rate_limiter&>((*redis)->limiter) : own_limiter,
      .sessions = sessions,
      .principals = principals,
      .executions = executions,
      .echoes = echoes,
      .names = names,
      .url_policy = *policy,
      .health = health,
      .metrics = metrics,
      .routes = routes,
      .documents = documents,
      .version = CUED_VERSION,
      .shared = shared,
      .callers = callers,
      .changes = &changes,
      .seat = &membership.seat(),
      .authorizer = authorizer.get(),
  };
  http::pipeline pipeline{services};
  http::server server{server_options_of(s), pipeline};
  if (const auto listening = server.start(); !listening)
    return complain(listening.error().message);
  greet(s, server.port());
  const service_manager manager;
  manager.ready();

  const auto why = wait_for_the_end(wake, server, manager, db->cluster.get());
  spdlog::info("stopping");
  manager.stopping();
  membership.rest();
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
  const persistence::migration_patience patience{.asked_to_stop = wake_up::stop_is_pending};
  const auto report = persistence::migrate(db->options, patience);
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
  // Before the log begins, which must know what it has to mask.
  if (typed->what == config::command::serve && s.session_secret.empty()) {
    auto kept = config::kept_session_secret(s.data_dir);
    if (!kept)
      return complain(kept.error().message);
    s.session_secret = std::move(*kept);
  }
  const bool json = s.log_format == "json" || (s.log_format == "auto" && isatty(STDERR_FILENO) == 0);
  config::start_logging(
      s.log_level, json ? config::log_format::json_lines : config::log_format::text,
      [secrets = config::secret_values(s)](const std::string& text) { return security::redacted(text, secrets); });
  const auto zones = choose_time_zones(time_zone_directory(), s.tzdata_dir);
  use_time_zones(zones.used); // before the first zone is looked up
  if (typed->what == config::command::doctor)
    return report(examine(*loaded, zones, CUED_VERSION));
  for (const auto& warning : loaded->warnings)
    spdlog::warn("{}", warning);

  http::client::hurry_system_lookups();
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
  return serve(s, wake);
}
