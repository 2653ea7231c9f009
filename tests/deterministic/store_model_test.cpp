/// The model of the database against the database: random histories of statements, each answered by both, and after
/// each of them the rows must be the same. What the simulation believes of the statements is therefore true.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <spdlog/spdlog.h>

#include "domain/timestamp.hpp"
#include "persistence/execution_changes.hpp"
#include "persistence/outbox.hpp"
#include "persistence/workers.hpp"
#include "tests/deterministic/chance.hpp"
#include "tests/deterministic/store_model.hpp"
#include "tests/persistence/test_database.hpp"

namespace cued::deterministic {
namespace {

using namespace persistence;
using namespace std::chrono_literals;
using us = std::chrono::microseconds;

constexpr std::uint64_t histories = 25;
constexpr int steps_per_history = 90;
const std::vector<std::string> users{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"};

std::string uuid(int n) {
  char out[40];
  std::snprintf(out, sizeof out, "00000000-0000-4000-8000-%012d", n);
  return out;
}

// -- answers and rows as text --------------------------------------------------------

std::string text(const std::string& s) { return s; }
std::string text(int n) { return std::to_string(n); }
std::string text(bool b) { return b ? "yes" : "no"; }
std::string text(instant t) { return format_z(t); }
std::string text(const claimed_execution& c);
std::string text(const started_delivery& d);
template <class T>
std::string text(const std::optional<T>& x) {
  return x ? text(*x) : "-";
}
template <class... Ts>
std::string line(const Ts&... xs) {
  std::string out;
  ((out += text(xs) + " | "), ...);
  return out;
}
std::string text(const armed_cue& c) {
  return line(c.cue_id, c.next_run, c.recurring, c.cron, c.time_zone, c.catch_up, c.catch_up_window_seconds, c.user_id,
              c.webhook);
}
std::string text(const fired_slot& f) {
  return line(f.cue_id, f.user_id, f.webhook, f.execution_id, f.scheduled_for, f.backfilled, f.created, f.skipped) +
         (f.started ? text(*f.started) : "");
}
std::string text(const claimed_execution& c) {
  return line(c.scheduled_for, c.backfilled) + (c.work ? line(c.work->execution_id, c.work->attempts) : "");
}
std::string text(const ready_execution& r) { return line(r.scheduled_for, r.execution_id); }
std::string text(const released_execution& r) { return line(r.execution_id, r.user_id, r.webhook, r.scheduled_for); }
std::string text(const recorded_outcome& r) {
  return line(static_cast<int>(r.what), r.outcome_state, r.scheduled_for, r.backfilled, r.delivered) +
         (r.next_in_line ? text(*r.next_in_line) : "");
}
std::string text(const recorded_attempt& r) {
  return line(r.execution_id, r.user_id, r.cue_id, r.scheduled_for, r.backfilled, r.delivered, r.outcome_deadline_at) +
         (r.next_in_line ? text(*r.next_in_line) : "");
}
std::string text(const started_delivery& d) {
  return line(d.execution_id, d.user_id, d.cue_id, d.scheduled_for, d.backfilled, d.attempt, d.retry_max_attempts,
              d.retry_backoff_json, d.retry_jitter_percent);
}
std::string text(const due_delivery& d) { return line(d.execution_id, d.user_id, d.backfilled); }
std::string text(const stale_delivery& s) {
  return line(s.execution_id, s.user_id, s.cue_id, s.attempts, s.retry_max_attempts, s.silent_seconds);
}
std::string text(const returned_execution& r) { return line(r.execution_id, r.user_id, r.scheduled_for); }

template <class T>
std::string lines(const std::vector<T>& xs) {
  std::string out;
  for (const auto& x : xs)
    out += text(x) + "\n";
  return out;
}
/// Of answers that promise no order.
template <class T>
std::string sorted_lines(const std::vector<T>& xs) {
  std::vector<std::string> all;
  for (const auto& x : xs)
    all.push_back(text(x));
  std::ranges::sort(all);
  return lines(all);
}
std::string text(const expired_outcomes& e) {
  return line(static_cast<int>(e.executions)) + "\n" + sorted_lines(e.released);
}

std::string text(const execution_row& e) {
  return line(e.id, e.cue_id, e.scheduled_for, e.status, e.attempts, e.backfilled, e.triggered_by, e.claimed_by,
              e.error_message, e.outcome_result, e.outcome_state, e.claimed_at, e.started_at, e.last_attempt_at,
              e.last_heartbeat_at, e.next_retry, e.delivered_at, e.outcome_recorded_at, e.outcome_deadline_at,
              e.outcome_deadline_seconds, e.http_status, e.outcome_success, e.created_at, e.updated_at);
}

// -- SQL of the test's own -----------------------------------------------------------

std::string quoted(const std::string& s) { return "'" + s + "'"; }
std::string quoted(instant t) { return quoted(write_instant(t)); }
std::string quoted(int n) { return std::to_string(n); }
template <class T>
std::string quoted(const std::optional<T>& x) {
  return x ? quoted(*x) : "NULL";
}

std::optional<std::string> text_of(const pqxx::field& f) {
  return f.is_null() ? std::nullopt : std::optional<std::string>{f.c_str()};
}
std::optional<instant> instant_of(const pqxx::field& f) {
  return f.is_null() ? std::nullopt : std::optional{read_instant(f.c_str())};
}
std::optional<int> int_of(const pqxx::field& f) { return f.is_null() ? std::nullopt : std::optional{f.as<int>()}; }

/// Postgres with a now() that the test sets.
class real_stores {
public:
  real_stores() : link{options()} {
    database.exec("CREATE SCHEMA simulated; CREATE TABLE simulated.clock (now timestamptz); "
                  "INSERT INTO simulated.clock VALUES (now()); CREATE FUNCTION simulated.now() RETURNS timestamptz "
                  "LANGUAGE sql STABLE AS 'SELECT now FROM simulated.clock'");
    for (const auto& user : users)
      database.exec(
          "INSERT INTO users (id, email, api_key_hash, api_key_prefix, slug, webhook_secret, plan, "
          "active_cue_limit, monthly_execution_limit, rate_limit_per_minute, created_at, updated_at) VALUES (" +
          quoted(user) + "," + quoted(user + "@b.com") + "," + quoted(user) + ",'p'," + quoted(user) +
          ",'whsec_0','free',1000,1000000,1000,now(),now())");
  }

  void set_now(instant t) { database.exec("UPDATE simulated.clock SET now = " + quoted(t)); }

  void add_cue(const cue_row& c) {
    database.exec(
        "INSERT INTO cues (id, user_id, name, status, schedule_type, schedule_cron, schedule_timezone, callback_url, "
        "callback_method, callback_headers, callback_transport, payload, retry_max_attempts, retry_backoff_minutes, "
        "retry_jitter_percent, next_run, run_count, fired_count, overlap_policy, catch_up, catch_up_window_seconds, "
        "outcome_deadline_seconds, verification_mode, on_failure, created_at, updated_at) VALUES (" +
        quoted(c.id) + "," + quoted(c.user_id) + "," + quoted("name of " + c.id) + "," + quoted(c.status) + "," +
        (c.once ? "'once'" : "'recurring'") + "," + (c.once ? "NULL" : quoted(c.cron)) + "," + quoted(c.zone) + "," +
        (c.webhook ? "'https://receiver.example/'" : "NULL") + ",'POST','{}'," +
        (c.webhook ? "'webhook'" : "'worker'") + ",'{}'," + quoted(c.retry_max_attempts) + "," +
        quoted(c.retry_backoff_minutes_json) + "," + quoted(c.retry_jitter_percent) + "," + quoted(c.next_run) +
        ",0,0," + quoted(c.overlap_policy) + "," + quoted(c.catch_up) + "," + quoted(c.catch_up_window_seconds) + "," +
        quoted(c.outcome_deadline_seconds) + "," + quoted(c.verification_mode) + "," +
        (c.pause_on_failure ? R"('{"pause": true}')" : "'{}'") + ",now(),now())");
  }

  std::map<std::string, std::string> executions() {
    std::map<std::string, std::string> out;
    for (const auto& r : database.exec(
             "SELECT id, cue_id, scheduled_for, status, attempts, coalesce(backfilled, false), triggered_by, "
             "claimed_by_worker, error_message, outcome_result, outcome_state, claimed_at, started_at, "
             "last_attempt_at, last_heartbeat_at, next_retry, delivered_at, outcome_recorded_at, outcome_deadline_at, "
             "outcome_deadline_seconds, http_status, outcome_success, created_at, updated_at FROM executions")) {
      execution_row e;
      e.id = r[0].c_str();
      e.cue_id = r[1].c_str();
      e.scheduled_for = read_instant(r[2].c_str());
      e.status = r[3].c_str();
      e.attempts = r[4].as<int>();
      e.backfilled = r[5].as<bool>();
      e.triggered_by = text_of(r[6]);
      e.claimed_by = text_of(r[7]);
      e.error_message = text_of(r[8]);
      e.outcome_result = text_of(r[9]);
      e.outcome_state = text_of(r[10]);
      e.claimed_at = instant_of(r[11]);
      e.started_at = instant_of(r[12]);
      e.last_attempt_at = instant_of(r[13]);
      e.last_heartbeat_at = instant_of(r[14]);
      e.next_retry = instant_of(r[15]);
      e.delivered_at = instant_of(r[16]);
      e.outcome_recorded_at = instant_of(r[17]);
      e.outcome_deadline_at = instant_of(r[18]);
      e.outcome_deadline_seconds = int_of(r[19]);
      e.http_status = int_of(r[20]);
      if (!r[21].is_null())
        e.outcome_success = r[21].as<bool>();
      e.created_at = read_instant(r[22].c_str());
      e.updated_at = read_instant(r[23].c_str());
      out.emplace(e.id, text(e));
    }
    return out;
  }

  std::string cues() {
    std::string out;
    for (const auto& r : database.exec("SELECT id, status, next_run, fired_count, run_count + coalesce((SELECT "
                                       "sum(runs) FROM cued.cue_runs j WHERE j.cue_id = c.id), 0)::int "
                                       "FROM cues c ORDER BY id COLLATE \"C\""))
      out +=
          line(std::string{r[0].c_str()}, std::string{r[1].c_str()}, instant_of(r[2]), r[3].as<int>(), r[4].as<int>()) +
          "\n";
    return out;
  }

  std::string outbox() {
    std::vector<std::string> out;
    for (const auto& r : database.exec("SELECT execution_id, task_type, scheduled_at, created_at FROM dispatch_outbox "
                                       "WHERE NOT dispatched"))
      out.push_back(
          line(std::string{r[0].c_str()}, std::string{r[1].c_str()}, instant_of(r[2]), read_instant(r[3].c_str())));
    return sorted_lines(out);
  }

  [[nodiscard]] connection_options options() const {
    auto o = database.options();
    o.dsn += " options='-c search_path=simulated,public,pg_catalog'";
    return o;
  }

  test::test_database database;
  connection link;
  postgres_clock_store clock{options()};
  postgres_claim_store claims{options()};
  postgres_outcome_store outcomes{options()};
  postgres_delivery_store deliveries{options(), postgres_delivery_store::monthly_limit::ignored};
  postgres_deadline_store deadlines{options(), deadline_limits{}};
};

/// One random history.
class history {
public:
  explicit history(std::uint64_t seed) : roll_{seed} { pass_time(0us); }

  /// What went wrong, or nothing.
  [[nodiscard]] std::size_t taken_when_fired() const { return takes_; }

  std::string run() {
    for (int i = 0; i < 4; ++i)
      add_cue();
    for (int step = 0; step < steps_per_history && trouble_.empty(); ++step) {
      act();
      compare_rows();
    }
    return trouble_;
  }

private:
  void same(const char* what, const std::string& real, const std::string& model) {
    doing_ += std::string{what} + "; ";
    if (real != model && trouble_.empty())
      trouble_ = std::string{what} + " answers\n" + real + "instead of\n" + model + "after " + doing_;
  }
  template <class T>
  const T& of(const result<T>& r, const char* what) {
    if (!r)
      throw std::runtime_error{std::string{what} + ": " + r.error().message};
    return *r;
  }

  void compare_rows() {
    std::map<std::string, std::string> rows;
    for (const auto& [id, e] : model_.executions())
      rows.emplace(id, text(e));
    const auto real_rows = real_.executions();
    for (const auto& [id, row] : real_rows)
      if (rows[id] != row)
        same("executions", row + "\n", rows[id] + "\n");
    if (rows.size() != real_rows.size())
      same("executions", text(static_cast<int>(real_rows.size())), text(static_cast<int>(rows.size())));
    std::string cues;
    for (const auto& [id, c] : model_.cues())
      cues += line(id, c.status, c.next_run, c.fired_count, c.run_count) + "\n";
    same("cues", real_.cues(), cues);
    std::vector<std::string> outbox;
    for (const auto& [id, o] : model_.outbox())
      outbox.push_back(line(o.execution_id, o.task_type, o.scheduled_at, o.created_at));
    same("outbox", real_.outbox(), sorted_lines(outbox));
    if (trouble_.empty())
      doing_ = doing_.substr(doing_.size() > 2000 ? doing_.size() - 2000 : 0);
  }

  void pass_time(us by) {
    now_ += by;
    model_.now = now_;
    real_.set_now(now_);
  }

  void act() {
    switch (roll_.below(26)) {
    case 0:
      return add_cue();
    case 1:
    case 2:
    case 3:
      return pass_time(us{roll_.one_in(3) ? roll_.between(0, 2'000'000) : roll_.between(0, 1'500'000'000)});
    case 4:
    case 5:
    case 6:
      return fire();
    case 7:
    case 8:
    case 9:
      return claim();
    case 10:
    case 11:
      return start();
    case 12:
    case 13:
      return record_attempts();
    case 14:
    case 15:
      return record_outcomes();
    case 16:
      return fire_by_hand();
    case 17:
      return live();
    case 18:
      return change_cue();
    case 19:
    case 20:
      return give_back();
    default:
      return look();
    }
  }

  void add_cue() {
    if (model_.cues().size() >= 12)
      return;
    cue_row c;
    c.id = "cue_" + std::to_string(100 + model_.cues().size());
    c.user_id = roll_.one_of(users);
    c.webhook = roll_.one_in(2);
    c.once = roll_.one_in(4);
    c.cron = c.once ? "" : "*/5 * * * *";
    if (roll_.one_in(2))
      c.overlap_policy = roll_.one_in(3) ? "skip" : "queue_one";
    if (roll_.one_in(3))
      c.catch_up = "latest";
    if (roll_.one_in(3))
      c.catch_up_window_seconds = 600;
    if (roll_.one_in(3))
      c.outcome_deadline_seconds = static_cast<int>(roll_.between(1, 900));
    if (roll_.one_in(3))
      c.verification_mode = roll_.one_in(2) ? "manual" : "require_external_id";
    c.pause_on_failure = roll_.one_in(4);
    c.retry_max_attempts = static_cast<int>(roll_.between(1, 4));
    c.next_run = now_ + us{roll_.between(-600'000'000, 600'000'000)};
    model_.add_cue(c);
    real_.add_cue(c);
    doing_ += "add " + c.id + "; ";
  }

  void change_cue() {
    const auto c = roll_.one_of(all_cues());
    const auto status = roll_.one_in(3) ? "paused" : "active";
    const auto next = std::string{status} == "paused" ? std::nullopt : std::optional{now_ + us{roll_.between(-9, 9)}};
    model_.change_cue(c.id, status, next);
    real_.database.exec("UPDATE cues SET status = " + quoted(std::string{status}) + ", next_run = " + quoted(next) +
                        " WHERE id = " + quoted(c.id));
  }

  std::vector<cue_row> all_cues() const {
    std::vector<cue_row> out;
    for (const auto& [id, c] : model_.cues())
      out.push_back(c);
    return out;
  }

  /// Mostly one that is there; now and then one that is not.
  std::string some_execution(bool webhook) {
    std::vector<std::string> ids;
    for (int n = 1; n <= made_; ++n)
      if (const auto* e = model_.find(uuid(n)); e && model_.cues().at(e->cue_id).webhook == webhook)
        ids.push_back(e->id);
    if (ids.empty() || roll_.one_in(15))
      return roll_.one_in(3) ? uuid(999'999) : uuid(std::max(1, made_));
    return ids[ids.size() - 1 - roll_.below(std::min<std::size_t>(ids.size(), 12))];
  }

  std::string owner_of(const std::string& id) {
    const auto* e = model_.find(id);
    return e && !roll_.one_in(12) ? model_.cues().at(e->cue_id).user_id : roll_.one_of(users);
  }

  void fire() {
    const auto horizon = now_ + us{roll_.between(0, 300'000'000)};
    const auto armed = model_.armed_until(horizon, 500, {});
    same("armed_until", lines(of(real_.clock.armed_until(horizon, 500, {}), "armed_until")), lines(armed));
    if (!armed.empty())
      same("the next page",
           lines(of(real_.clock.armed_until(horizon, 500, {armed[0].next_run, armed[0].cue_id}), "armed_until")),
           lines(model_.armed_until(horizon, 500, {armed[0].next_run, armed[0].cue_id})));
    std::vector<firing> due;
    const bool plain = roll_.one_in(2);
    for (const auto& cue : armed) {
      if (roll_.one_in(3))
        continue;
      firing f{cue, {}, std::nullopt, false};
      auto at = cue.next_run;
      const auto slots = plain ? 1 : roll_.one_in(8) ? 0 : cue.recurring ? roll_.between(1, 4) : 1;
      for (auto n = slots; n > 0; --n, at += 300s)
        f.slots.push_back(
            {at, uuid(++made_), roll_.one_in(4), slots == 1 && !cue.recurring && roll_.one_in(4), roll_.one_in(2)});
      if (cue.recurring && !roll_.one_in(10))
        f.following = at;
      f.exhausted = cue.recurring && !f.following;
      if (roll_.one_in(12))
        f.cue.next_run += 1us; // believed wrongly
      due.push_back(std::move(f));
    }
    if (due.empty())
      return;
    same("fire", due);
    if (roll_.one_in(4))
      same("fire again", due);
  }

  /// Which of those that it may take for delivery the store takes hangs on what else was in its batches lately; the
  /// model then says whether it may.
  void same(const char* what, std::vector<firing>& due) {
    postgres_clock_store unprejudiced{real_.options()}; // by the batches before
    const auto fired = of((roll_.one_in(2) ? unprejudiced : real_.clock).fire(due), what);
    std::set<std::string> taken;
    for (const auto& slot : fired)
      if (slot.started)
        taken.insert(slot.execution_id);
    for (auto& f : due)
      for (auto& slot : f.slots)
        slot.take = slot.take && taken.contains(slot.execution_id);
    takes_ += taken.size();
    same(what, sorted_lines(fired), sorted_lines(model_.fire(due, 0)));
  }

  void claim() {
    std::vector<claim_attempt> attempts;
    for (auto n = roll_.between(1, 6); n > 0; --n) {
      const auto id = some_execution(roll_.one_in(10));
      attempts.push_back({owner_of(id), id, roll_.one_in(2) ? "w1" : "w2", roll_.one_in(3)});
    }
    const auto same_work = roll_.one_in(2); // all or none, so that both know of the same work
    for (auto& a : attempts)
      a.with_work = same_work;
    const auto at = now_;
    const auto answer = [&] { return lines(of(real_.claims.claim(attempts, at), "claim")); };
    same("claim", answer(), lines(model_.claim(attempts, at)));
    if (roll_.one_in(3))
      same("claim again", answer(), lines(model_.claim(attempts, at)));
    for (const auto& a : attempts)
      claims_made_.push_back({a.user_id, a.execution_id, a.worker_id, at});
  }

  /// Claims of long ago and of just now, and some that never were.
  void give_back() {
    if (claims_made_.empty())
      return;
    std::vector<held_claim> claims;
    for (auto n = roll_.between(1, 4); n > 0; --n) {
      claims.push_back(
          claims_made_[claims_made_.size() - 1 - roll_.below(std::min<std::size_t>(claims_made_.size(), 8))]);
      if (roll_.one_in(6))
        claims.back().worker_id = "w3";
      if (roll_.one_in(6))
        claims.back().claimed_at += 1us;
    }
    same("give_back", lines(of(real_.claims.give_back(claims), "give_back")), lines(model_.give_back(claims)));
  }

  void start() {
    std::vector<std::string> ids;
    for (auto n = roll_.between(1, 6); n > 0; --n)
      ids.push_back(some_execution(!roll_.one_in(8)));
    same("start", sorted_lines(of(real_.deliveries.start(ids, now_), "start")),
         sorted_lines(model_.start(ids, {}, now_, 0)));
  }

  void record_attempts() {
    using verdict = attempt_result::verdict;
    std::vector<attempt_result> attempts;
    for (auto n = roll_.between(1, 6); n > 0; --n) {
      attempt_result a;
      a.execution_id = some_execution(!roll_.one_in(8));
      if (std::ranges::any_of(attempts, [&](const auto& o) { return o.execution_id == a.execution_id; }))
        continue; // which of two counts is not said
      const auto* e = model_.find(a.execution_id);
      a.attempt = (e ? e->attempts + 1 : 1) + (roll_.one_in(6) ? static_cast<int>(roll_.between(-1, 1)) : 0);
      a.what = roll_.one_of(std::vector{verdict::success, verdict::retry, verdict::failed});
      a.http_status = a.what == verdict::success ? 200 : 500;
      if (a.what != verdict::success)
        a.error_message = "no";
      if (a.what == verdict::retry)
        a.next_retry = now_ + us{roll_.between(0, 600'000'000)};
      attempts.push_back(std::move(a));
    }
    same("record_attempts", sorted_lines(of(real_.outcomes.record_attempts(attempts, now_), "record_attempts")),
         sorted_lines(model_.record_attempts(attempts, now_)));
  }

  void record_outcomes() {
    std::vector<reported_outcome> reports;
    for (auto n = roll_.between(1, 6); n > 0; --n) {
      reported_outcome r;
      r.execution_id = some_execution(roll_.one_in(3));
      r.user_id = owner_of(r.execution_id);
      r.success = !roll_.one_in(3);
      r.result = "result " + std::to_string(roll_.below(1000));
      if (!r.success)
        r.error = "it failed";
      if (roll_.one_in(2))
        r.external_id = "outside";
      r.refused = roll_.one_in(8);
      reports.push_back(std::move(r));
    }
    const auto at = now_;
    const auto answer = [&] { return lines(of(real_.outcomes.record_outcomes(reports, at), "record_outcomes")); };
    same("record_outcomes", answer(), lines(model_.record_outcomes(reports, at)));
    if (roll_.one_in(3))
      same("record_outcomes again", answer(), lines(model_.record_outcomes(reports, at)));
  }

  void fire_by_hand() {
    const auto c = roll_.one_of(all_cues());
    new_execution wanted;
    wanted.id = uuid(++made_);
    wanted.cue_id = c.id;
    wanted.in_the_future = roll_.one_in(3);
    wanted.scheduled_for = wanted.in_the_future ? now_ + us{roll_.between(1, 300'000'000)} : now_;
    wanted.triggered_by = "manual_fire";
    const auto made = real_.link.in_transaction([&](session& s) { return create_execution(s, wanted); });
    same("fire_by_hand", text(of(made, "create_execution").scheduled_for),
         text(model_.fire_by_hand(wanted.id, c.id, wanted.scheduled_for, wanted.in_the_future)));
  }

  void live() {
    const auto id = some_execution(roll_.one_in(6));
    const auto user = owner_of(id), worker = std::string{roll_.one_in(2) ? "w1" : "w2"};
    const auto alive = record_heartbeat(real_.link, user, id, worker, now_);
    same("heartbeat", text(alive ? 200 : alive.error().status), text(model_.heartbeat(user, id, worker, now_)));
    of(record_worker_heartbeat(real_.link, user, worker, "null", now_), "worker_heartbeat");
    model_.worker_heartbeat(user, worker, now_);
  }

  void look() {
    auto& d = real_.deadlines;
    const auto user = roll_.one_of(users);
    const auto ago = now_ - us{roll_.between(0, 600'000'000)};
    switch (roll_.below(9)) {
    case 0:
      same("ready", lines(of(real_.claims.ready(user, now_, 100), "ready")), lines(model_.ready(user, now_, 100)));
      return same("next_due", text(of(real_.claims.next_due(user, now_), "next_due")),
                  text(model_.next_due(user, now_)));
    case 1:
      return same("ready_retries", sorted_lines(of(d.ready_retries(now_), "ready_retries")),
                  sorted_lines(model_.ready_retries(now_)));
    case 2:
      return same("next_retry_before", text(of(d.next_retry_before(now_, now_ + 300s), "next_retry_before")),
                  text(model_.next_retry_before(now_, now_ + 300s)));
    case 3:
      return same("expire_outcomes", text(of(d.expire_outcomes(now_), "expire_outcomes")),
                  text(model_.expire_outcomes(now_)));
    case 4:
      return same("undispatched", sorted_lines(of(d.undispatched(now_), "undispatched")),
                  sorted_lines(model_.undispatched(now_)));
    case 5:
      return same("forgotten", sorted_lines(of(d.forgotten(ago), "forgotten")), sorted_lines(model_.forgotten(ago)));
    case 6:
      return same("stale_deliveries", sorted_lines(of(d.stale_deliveries(ago), "stale_deliveries")),
                  sorted_lines(model_.stale_deliveries(ago)));
    case 7:
      return same("return_lost_claims", sorted_lines(of(d.return_lost_claims(now_), "return_lost_claims")),
                  sorted_lines(model_.return_lost_claims(now_)));
    default:
      return same("miss_unclaimed", text(static_cast<int>(of(d.miss_unclaimed(now_), "miss_unclaimed"))),
                  text(static_cast<int>(model_.miss_unclaimed(now_))));
    }
  }

  chance roll_;
  instant now_ = wall_clock{}.now(); ///< moves on much faster
  real_stores real_;
  store_model model_;
  int made_ = 0;
  std::size_t takes_ = 0;               ///< by firings, for delivery
  std::vector<held_claim> claims_made_; ///< or tried
  std::string doing_, trouble_;
};

TEST(store_model, does_what_the_statements_do) {
  spdlog::set_level(spdlog::level::err);
  const char* more = std::getenv("CUED_MODEL_HISTORIES");
  const auto count = more ? std::strtoull(more, nullptr, 10) : histories;
  std::size_t taken_when_fired = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    history one{seed};
    const auto trouble = one.run();
    ASSERT_EQ(trouble, "") << "seed " << seed;
    taken_when_fired += one.taken_when_fired();
  }
  EXPECT_GT(taken_when_fired, count / 2) << "too few to say anything";
}

} // namespace
} // namespace cued::deterministic
