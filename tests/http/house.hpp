#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <prometheus/registry.h>

#include "actors/clock_pulse.hpp"
#include "actors/engine.hpp"
#include "actors/notify/notifier.hpp"
#include "config/settings.hpp"
#include "http/client/name_resolver.hpp"
#include "http/middleware/pipeline.hpp"
#include "http/middleware/principal_cache.hpp"
#include "http/routes/documentation.hpp"
#include "http/routes/echo_board.hpp"
#include "http/routes/execution_lookup.hpp"
#include "http/routes/health_monitor.hpp"
#include "http/server/server.hpp"
#include "http/services.hpp"
#include "persistence/postgres/pool.hpp"
#include "security/api_key.hpp"
#include "security/local_rate_limiter.hpp"
#include "security/random.hpp"
#include "security/session_token.hpp"
#include "security/url_guard.hpp"
#include "tests/http/manual_clock.hpp"
#include "tests/http/raw_client.hpp"

namespace cued::http::test {

/// An engine that nobody is at: every request is answered 503.
class absent_engine final : public actors::engine {
public:
  void claim(actors::claim_request, actors::reply<actors::claim_grant>) override {}
  void claim_many(actors::claim_request, std::size_t, actors::reply<actors::claim_grants>) override {}
  void wait_ready(const std::string&, std::optional<std::uint64_t>, std::chrono::milliseconds,
                  actors::reply<std::uint64_t>) override {}
  void report_outcome(actors::outcome_report, actors::reply<actors::outcome_receipt>) override {}
  void report_outcomes(std::vector<actors::outcome_report>, actors::reply<actors::outcome_receipts>) override {}
  void cue_changed(const std::string&) override {}
  void execution_created(const std::string&, const std::string&, bool, instant) override {}
  [[nodiscard]] std::vector<actors::member_trouble> troubles() const override { return unwell; }

  std::vector<actors::member_trouble> unwell;
};

/// The real server, pipeline and middlewares over a table of routes of the test, with a clock of the test. Without a
/// database of the test's, Postgres is "away" for whatever is not in the principal cache.
class house {
public:
  static constexpr std::string_view known_key = "cue_sk_00112233445566778899aabbccddeeff";
  static constexpr std::string_view unknown_key = "cue_sk_ffffffffffffffffffffffffffffffff";
  static constexpr std::string_view rotated_key = "cue_sk_eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
  static constexpr std::string_view key_during_outage = "cue_sk_dddddddddddddddddddddddddddddddd";
  static constexpr const char* user_id = "11111111-2222-4333-8444-555555555555";

  explicit house(std::span<const route> routes, config::settings chosen = {},
                 persistence::connection_options where = nowhere())
      : settings{std::move(chosen)}, database{std::move(where), 1}, documents{routes, settings.external_auth_backend},
        with{settings,   database, engine, pulse, letters, clock,   random, limiter,   sessions, principals,
             executions, echoes,   names,  urls,  health,  metrics, routes, documents, "9.9.9"},
        app{with}, listening{{.host = "127.0.0.1", .port = 0, .io_threads = 1}, app} {
    know_callers();
    const auto started = listening.start();
    if (!started)
      throw std::runtime_error(started.error().message);
  }

  static persistence::connection_options nowhere() {
    return {.dsn = "host=/nonexistent dbname=none connect_timeout=1", .application_name = "cued tests"};
  }

  /// Again after the clock was turned: what is cached lives for two seconds only.
  void know_callers(int limit_per_minute = 60) {
    principal someone;
    someone.user_id = user_id;
    someone.email = "a@b.com";
    someone.rate_limit_per_minute = limit_per_minute;
    remember(principal_cache::key_of_session(user_id), someone);
    someone.key_hash = security::api_key_hash(known_key);
    remember(someone.key_hash, someone);
    principals.store(principals.begin(), security::api_key_hash(unknown_key), {}, clock.now());
    principals.store(principals.begin(), security::api_key_hash(rotated_key), {nullptr, true, false}, clock.now());
  }

  void remember(const std::string& key, const principal& who, bool approaching_limit = false) {
    principals.store(principals.begin(), key, {std::make_shared<const principal>(who), false, approaching_limit},
                     clock.now());
  }

  /// One request with the known key unless `headers` has another Authorization.
  [[nodiscard]] wire_response ask(std::string_view start, std::string headers = {}, std::string_view body = {}) {
    if (headers.find("Authorization:") == std::string::npos)
      headers += "Authorization: Bearer " + std::string{known_key} + "\r\n";
    return ask_without_key(start, std::move(headers), body);
  }

  [[nodiscard]] wire_response ask_without_key(std::string_view start, std::string headers = {},
                                              std::string_view body = {}) {
    std::string bytes = std::string{start} + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (!body.empty())
      bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    bytes += "\r\n";
    bytes += body;
    return ask_once(listening.port(), bytes);
  }

  [[nodiscard]] static std::string bearer(std::string_view token) {
    return "Authorization: Bearer " + std::string{token} + "\r\n";
  }

  config::settings settings;
  manual_clock clock;
  persistence::pool database;
  absent_engine engine;
  actors::clock_pulse pulse;
  actors::log_notifier letters{actors::log_notifier::magic_links::withheld};
  security::system_random random;
  security::local_rate_limiter limiter{clock};
  security::session_tokens sessions{"test-secret-key-32-chars-minimum"};
  principal_cache principals;
  execution_lookup executions{database};
  echo_board echoes;
  client::name_resolver names;
  security::url_policy urls;
  health_monitor health;
  prometheus::Registry metrics;
  documentation documents;
  services with;
  pipeline app;
  server listening;
};

/// `error.code` of an envelope.
[[nodiscard]] inline std::string code_of(const wire_response& answer) {
  const auto body = json::parse(answer.body);
  if (!body || !body->find("error") || !body->find("error")->find("code"))
    return {};
  return body->find("error")->find("code")->as_string();
}

} // namespace cued::http::test
