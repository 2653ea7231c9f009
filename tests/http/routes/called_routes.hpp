#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/verb.hpp>
#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include "actors/clock_pulse.hpp"
#include "actors/engine.hpp"
#include "actors/notify/notifier.hpp"
#include "config/settings.hpp"
#include "http/client/name_resolver.hpp"
#include "http/middleware/error_envelope.hpp"
#include "http/middleware/json_body.hpp"
#include "http/middleware/principal_cache.hpp"
#include "http/routes/documentation.hpp"
#include "http/routes/echo_board.hpp"
#include "http/routes/execution_lookup.hpp"
#include "http/routes/health_monitor.hpp"
#include "http/server/router.hpp"
#include "http/server/target.hpp"
#include "http/services.hpp"
#include "persistence/postgres/pool.hpp"
#include "security/random.hpp"
#include "security/rate_limiter.hpp"
#include "security/session_token.hpp"
#include "security/url_guard.hpp"

namespace cued::test {

/// The actors, as far as routes see them.
class mock_engine : public actors::engine {
public:
  MOCK_METHOD(void, claim, (actors::claim_request, actors::reply<actors::claim_grant>), (override));
  MOCK_METHOD(void, claim_many, (actors::claim_request, std::size_t, actors::reply<actors::claim_grants>), (override));
  MOCK_METHOD(void, wait_ready,
              (const std::string&, std::optional<std::uint64_t>, std::chrono::milliseconds,
               actors::reply<std::uint64_t>),
              (override));
  MOCK_METHOD(void, report_outcome, (actors::outcome_report, actors::reply<actors::outcome_receipt>), (override));
  MOCK_METHOD(void, report_outcomes, (std::vector<actors::outcome_report>, actors::reply<actors::outcome_receipts>),
              (override));
  MOCK_METHOD(void, cue_changed, (const std::string&), (override));
  MOCK_METHOD(void, execution_created, (const std::string&, const std::string&, bool, instant), (override));
};

/// A clock that stands still until it is told.
class standing_clock final : public time_source {
public:
  explicit standing_clock(instant at) : at_{at} {}
  [[nodiscard]] instant now() const override { return at_; }
  void set(instant at) { at_ = at; }

private:
  instant at_;
};

/// The letters that would have been sent.
class mock_notifier : public actors::notifier {
public:
  MOCK_METHOD(bool, delivers_magic_links, (), (const, override));
  MOCK_METHOD(void, magic_link, (const std::string&, const std::string&), (override));
  MOCK_METHOD(void, api_key_regenerated, (const std::string&, instant), (override));
  MOCK_METHOD(void, webhook_secret_rotated, (const std::string&, instant), (override));
  MOCK_METHOD(void, execution_failed, (const std::string&, const actors::failed_execution&, actors::letter_done),
              (override));
  MOCK_METHOD(void, worker_offline, (const std::string&, const actors::offline_worker&, actors::letter_done),
              (override));
};

/// Lets everybody through, unless a test names a counter that has run out.
class open_limiter final : public security::rate_limiter {
public:
  void admit(std::string, int, std::function<void(security::rate_decision)> done) override { done({}); }
  void passed(std::string, std::function<void(int)> done) override { done(0); }
  void count(std::string key, int, std::chrono::seconds,
             std::function<void(security::counter_decision)> done) override {
    counted.push_back(key);
    done({key != exhausted, 60});
  }

  std::string exhausted;            ///< a key, such as `auth_dc:192.0.2.1`
  std::vector<std::string> counted; ///< keys in the order in which they were counted
};

/// Handlers called as the server calls them: routed, body parsed, the caller known; without sockets and middlewares.
/// The database is real, the actors are a mock, time stands still.
class called_routes {
public:
  struct answer {
    int status = 0;
    std::string body;
    [[nodiscard]] std::string code() const { return member(member_value("error"), "code"); }
    /// A member's JSON text; "" if it is not there. Names are separated by dots.
    [[nodiscard]] std::string operator[](std::string_view names) const {
      auto at = json::parse(body);
      const json::value* v = at ? &*at : nullptr;
      while (v && !names.empty()) {
        const auto name = names.substr(0, names.find('.'));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        v = v->find(name);
      }
      return v ? json::compact(*v) : "";
    }

  private:
    [[nodiscard]] json::value member_value(std::string_view name) const {
      const auto document = json::parse(body);
      const auto* v = document ? document->find(name) : nullptr;
      return v ? *v : json::value{};
    }
    static std::string member(const json::value& of, std::string_view name) {
      const auto* v = of.kind() == json::kind::object ? of.find(name) : nullptr;
      return v ? v->as_string() : "";
    }
  };

  called_routes(std::span<const http::route> routes, const persistence::connection_options& database,
                const principal& caller, instant now)
      : clock{now}, router_{routes},
        documents_{routes, false}, database_{database, 1}, caller_{caller}, with_{.settings = settings,
                                                                                  .database = database_,
                                                                                  .engine = engine,
                                                                                  .pulse = pulse_,
                                                                                  .letters = letters,
                                                                                  .clock = clock,
                                                                                  .random = random_,
                                                                                  .limiter = limiter,
                                                                                  .sessions = sessions_,
                                                                                  .principals = cache_,
                                                                                  .executions = executions_,
                                                                                  .echoes = board_,
                                                                                  .names = names_,
                                                                                  .url_policy = url_policy_,
                                                                                  .health = health_,
                                                                                  .metrics = registry_,
                                                                                  .routes = routes,
                                                                                  .documents = documents_,
                                                                                  .version = "0.0.0"} {}

  using headers = std::vector<std::pair<std::string, std::string>>;

  answer call(boost::beast::http::verb method, std::string_view target, std::optional<std::string> json_body = {},
              headers given = {}) {
    const auto parts = http::read_target(target);
    const auto match = router_.find(method, parts.path);
    if (match.what != http::router::verdict::found)
      return {match.what == http::router::verdict::wrong_method ? 405 : 404, ""};

    http::request in;
    in.method = method;
    in.path = parts.path;
    in.path_params = match.params;
    in.query = parts.query;
    in.headers = std::move(given);
    in.caller = caller_;
    in.body_required = match.to->reads != http::body::optional_json;
    if (json_body && match.to->reads != http::body::none) {
      in.body = *json_body;
      in.headers.emplace_back("Content-Type", "application/json");
      if (match.to->reads != http::body::raw)
        if (auto parsed = http::parse_json_body(in); !parsed)
          return said(http::error_response(parsed.error()));
    }
    return said(run(*match.to, in));
  }

  answer get(std::string_view target) { return call(boost::beast::http::verb::get, target); }
  answer post(std::string_view target, std::optional<std::string> json_body = {}, headers given = {}) {
    return call(boost::beast::http::verb::post, target, std::move(json_body), std::move(given));
  }
  answer patch(std::string_view target, std::optional<std::string> json_body) {
    return call(boost::beast::http::verb::patch, target, std::move(json_body));
  }

  testing::StrictMock<mock_engine> engine;
  testing::NiceMock<mock_notifier> letters;
  open_limiter limiter;
  config::settings settings;
  standing_clock clock;

private:
  http::response run(const http::route& to, http::request& in) {
    boost::asio::io_context io;
    std::optional<result<http::response>> out;
    boost::asio::co_spawn(io, to.run(with_, in), [&](std::exception_ptr escaped, result<http::response> answered) {
      if (escaped)
        std::rethrow_exception(escaped);
      out = std::move(answered);
    });
    io.run();
    return *out ? std::move(**out) : http::error_response(out->error());
  }

  static answer said(const http::response& out) { return {out.status, out.body}; }

  http::router router_;
  http::documentation documents_;
  persistence::pool database_;
  http::execution_lookup executions_{database_};
  principal caller_;
  actors::clock_pulse pulse_;
  security::system_random random_;
  security::session_tokens sessions_{"test-secret-key-32-chars-minimum"};
  http::principal_cache cache_;
  http::echo_board board_;
  http::client::name_resolver names_;
  security::url_policy url_policy_;
  http::health_monitor health_;
  prometheus::Registry registry_;
  http::services with_;
};

} // namespace cued::test
