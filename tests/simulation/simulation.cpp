/// The real engine over a real Postgres, in a time that runs thousands of times as fast. For each window of
/// schedules.hpp and both CRON_DST_OVERLAP policies it fires a list of cues, then writes what was asked for and what
/// was done:
///
///   simulation FOLDER      makes FOLDER/cues.csv and FOLDER/executions.csv; oracle.py compares them
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include "actors/actor_engine.hpp"
#include "actors/notify/notifier.hpp"
#include "domain/timestamp.hpp"
#include "security/random.hpp"
#include "tests/persistence/test_database.hpp"
#include "tests/simulation/schedules.hpp"

namespace cued::simulation {
namespace {

using namespace std::chrono_literals;

/// A whole day in ten seconds. An engine that cannot keep up fires late, which is allowed; it must leave nothing
/// out.
constexpr int speed = 8640;
constexpr auto patience = 240s;
constexpr auto look_every = 100ms;
constexpr std::size_t rows_per_insert = 200;
constexpr const char* owner = "11111111-1111-4111-8111-111111111111";

/// Starts at `start` when it is made, and never stops.
class fast_clock final : public time_source {
public:
  explicit fast_clock(instant start) : start_{start} {}
  [[nodiscard]] instant now() const override {
    return start_ +
           std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_) * speed;
  }

private:
  instant start_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class prompt_receiver final : public actors::webhook_sender {
public:
  void send(actors::webhook_request, std::function<void(actors::webhook_response)> done) override {
    actors::webhook_response ok;
    ok.status = 200;
    done(std::move(ok));
  }
};

std::string literal(const std::string& text) { return "'" + text + "'"; }
std::string literal(const std::optional<instant>& at) { return at ? literal(format_z(*at)) : "NULL"; }

/// One window under one policy.
class simulated_day {
public:
  simulated_day(const window& w, overlap policy) : window_{w}, policy_{policy}, cues_{cues_of(w)} {}

  /// False if it did not come to its end, with words on standard error.
  bool run() {
    write_cues();
    const fast_clock clock{window_.start};
    prompt_receiver receiver;
    actors::log_notifier letters{actors::log_notifier::magic_links::withheld};
    prometheus::Registry metrics;
    actors::clock_pulse pulse;
    security::system_random random;
    actors::engine_settings settings;
    settings.poll_interval = 60s; // of simulated time
    settings.dst_overlap = policy_;
    settings.new_execution_id = [&random] { return security::new_uuid(random); };
    actors::actor_engine engine{
        settings, stores(), receiver, letters, clock, metrics, pulse, [this](const std::string& why) {
          std::fprintf(stderr, "%s: %s\n", label().c_str(), why.c_str());
          hopeless_ = true;
        }};
    const bool done = wait_until_over(clock);
    return engine.drain(10s) && done;
  }

  void append_to(std::ofstream& cues, std::ofstream& executions) {
    const auto policy = policy_ == overlap::once ? "once" : "both";
    for (const auto& cue : cues_)
      cues << window_.name << ',' << policy << ',' << format_z(window_.start) << ',' << format_z(end()) << ',' << cue.id
           << ',' << cue.when.timezone << ",\"" << cue.when.cron.value_or("") << "\","
           << (cue.when.at ? format_z(*cue.when.at) : "") << '\n';
    for (const auto& row : database_.exec("SELECT cue_id, to_char(scheduled_for AT TIME ZONE 'UTC', "
                                          "'YYYY-MM-DD\"T\"HH24:MI:SS.USZ') FROM executions"))
      executions << window_.name << ',' << policy << ',' << row[0].c_str() << ',' << row[1].c_str() << '\n';
  }

private:
  [[nodiscard]] instant end() const { return window_.start + window_.length; }
  [[nodiscard]] std::string label() const { return window_.name + (policy_ == overlap::once ? "/once" : "/both"); }

  void write_cues() {
    database_.exec(
        "INSERT INTO users (id, email, api_key_hash, api_key_prefix, slug, webhook_secret, plan, "
        "active_cue_limit, monthly_execution_limit, rate_limit_per_minute, created_at, updated_at) VALUES (" +
        literal(owner) +
        ", 'a@b.com', 'hash', 'cue_sk_00112', 'a', 'whsec_0', 'free', 1000000, 1000000000, "
        "1000000, now(), now())");
    std::string rows;
    for (std::size_t i = 0; i < cues_.size(); ++i) {
      const auto& cue = cues_[i];
      const auto next = next_run_after(cue.when, cron_seed(cue.id), window_.start, policy_).value();
      rows += (rows.empty() ? "(" : ",(") + literal(cue.id) + "," + literal(owner) + "," + literal(cue.id) +
              ",'active'," + literal(std::string{to_string(cue.when.type)}) + "," +
              (cue.when.cron ? literal(*cue.when.cron) : "NULL") + "," + literal(cue.when.at) + "," +
              literal(cue.when.timezone) + "," + (cue.webhook ? "'https://receiver.example/'" : "NULL") +
              ",'POST','{}'," + (cue.webhook ? "'webhook'" : "'worker'") + ",'{}',3,'[1,5,15]'," + literal(next) +
              ",0,0,now(),now())";
      if (i + 1 < cues_.size() && (i + 1) % rows_per_insert != 0)
        continue;
      database_.exec("INSERT INTO cues (id, user_id, name, status, schedule_type, schedule_cron, schedule_at, "
                     "schedule_timezone, callback_url, callback_method, callback_headers, callback_transport, payload, "
                     "retry_max_attempts, retry_backoff_minutes, next_run, run_count, fired_count, created_at, "
                     "updated_at) VALUES " +
                     rows);
      rows.clear();
    }
  }

  [[nodiscard]] actors::store_makers stores() const {
    using namespace persistence;
    const auto options = database_.options();
    const deadline_limits limits;
    return {[options] { return std::make_unique<postgres_claim_store>(options); },
            [options] { return std::make_unique<postgres_outcome_store>(options); },
            [options] { return std::make_unique<postgres_delivery_store>(options); },
            [options] { return std::make_unique<postgres_clock_store>(options); },
            [options, limits] { return std::make_unique<postgres_deadline_store>(options, limits); },
            [options] { return std::make_unique<postgres_notice_store>(options); }};
  }

  /// Over: the window has passed, no cue has a slot left in it, every webhook has been answered.
  bool wait_until_over(const time_source& clock) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    const auto left = "SELECT (SELECT count(*) FROM cues WHERE status = 'active' AND next_run <= " + literal(end()) +
                      ") + (SELECT count(*) FROM executions e JOIN cues c ON c.id = e.cue_id WHERE e.status <> "
                      "'success' AND c.callback_transport = 'webhook' AND e.scheduled_for <= " +
                      literal(end()) + ")";
    while (clock.now() <= end() || database_.value(left) != "0") {
      if (hopeless_ || std::chrono::steady_clock::now() > give_up) {
        std::fprintf(stderr, "%s: %s slots or webhooks are left\n", label().c_str(), database_.value(left).c_str());
        return false;
      }
      std::unique_lock lock{mutex_}; // nobody notifies: Postgres is looked at again after a while
      awoken_.wait_for(lock, look_every);
    }
    return true;
  }

  window window_;
  overlap policy_;
  std::vector<planned_cue> cues_;
  test::test_database database_;
  std::atomic<bool> hopeless_{false};
  std::mutex mutex_;
  std::condition_variable awoken_;
};

int simulate(const std::string& folder) {
  std::ofstream cues{folder + "/cues.csv"}, executions{folder + "/executions.csv"};
  cues << "window,policy,start,end,cue,zone,cron,at\n";
  executions << "window,policy,cue,scheduled_for\n";
  bool all_over = true;
  for (const auto& w : windows()) {
    simulated_day once{w, overlap::once}, both{w, overlap::both};
    bool once_over = false;
    std::thread beside{[&] { once_over = once.run(); }};
    const bool both_over = both.run();
    beside.join();
    all_over = all_over && once_over && both_over;
    once.append_to(cues, executions);
    both.append_to(cues, executions);
  }
  return all_over && cues && executions ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace
} // namespace cued::simulation

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: simulation FOLDER\n", stderr);
    return EXIT_FAILURE;
  }
  spdlog::set_level(spdlog::level::warn);
  return cued::simulation::simulate(argv[1]);
}
