/// Every kind of pool member, everything that it asks of its store, and every way in which that can fail: afterwards
/// the member works again, or somebody in its place; who waited was told the truth; nothing is lost, nothing doubled.
/// The last test holds the table against the sources, so that what is added to an actor has to be added here.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <prometheus/text_serializer.h>

#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using fault = memory_world::fault_kind;

constexpr std::array faults{fault::throws_before, fault::throws_after, fault::hangs_before,
                            fault::hangs_after,   fault::refused,      fault::in_doubt};

bool throws(fault f) { return f == fault::throws_before || f == fault::throws_after; }
bool hangs(fault f) { return f == fault::hangs_before || f == fault::hangs_after; }

const char* name_of(fault f) {
  constexpr std::array names{"throws_before", "throws_after", "hangs_before", "hangs_after", "refused", "in_doubt"};
  return names.at(static_cast<std::size_t>(f));
}

/// Asks again and again, at every change of the world and now and then.
template <class Condition>
bool soon(memory_world& world, Condition condition) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::unique_lock lock{world.mutex};
    world.changed.wait_for(lock, 5ms);
  }
  return true;
}

/// An engine that is quick to notice who is stuck.
class stricken : public engine_test {
public:
  stricken() = default;
  stricken(const stricken&) = delete;
  stricken& operator=(const stricken&) = delete;
  ~stricken() override { world.release(); }

  void TestBody() override {}

  actors::engine_settings settings() override {
    auto s = engine_test::settings();
    s.shards = 1;
    s.stale_after = 5s; // longer than anybody hangs here
    s.watch = {10ms, 200ms, 1h, 30s};
    return s;
  }

  // -- what may be going on ---------------------------------------------------
  void add_webhook(const std::string& id, instant scheduled_for) {
    memory_world::execution e;
    e.id = id;
    e.user_id = "ann";
    e.webhook = true;
    e.scheduled_for = scheduled_for;
    world.add(e);
  }
  void add_cue() {
    memory_world::cue c;
    c.armed = {"cue_1", clock.now() + 300ms, false, "", "UTC"};
    c.user_id = "ann";
    world.add(c);
  }
  void add_notice() {
    memory_world::notice n;
    n.started.id = 1;
    n.started.kind = persistence::notice_kind::alert;
    n.started.attempt = 0;
    n.started.user_id = "ann";
    n.started.cue_id = "cue_1";
    n.started.content_json = R"({"alert_id": "a", "alert_type": "outcome_timeout"})";
    n.started.alert_url = "https://ann.example/alerts";
    n.started.alert_webhook_secret = "key";
    world.add(n);
  }

  // -- asking -----------------------------------------------------------------
  /// True: granted, or recorded.
  using answers = std::future<result<bool>>;

  answers claims_next(std::size_t at_most, std::chrono::milliseconds wait = 0ms) {
    auto told = std::make_shared<std::promise<result<bool>>>();
    auto answer = told->get_future();
    engine().claim_many({"ann", "", "worker", wait}, at_most,
                        actors::reply<actors::claim_grants>{[told](result<actors::claim_grants> r) {
                          told->set_value(std::move(r).map([](const auto& won) { return !won.empty(); }));
                        }});
    return answer;
  }
  answers claims(const std::string& id) {
    auto told = std::make_shared<std::promise<result<bool>>>();
    auto answer = told->get_future();
    engine().claim({"ann", id, "worker"}, actors::reply<actors::claim_grant>{[told](result<actors::claim_grant> r) {
                     told->set_value(std::move(r).map([](const auto&) { return true; }));
                   }});
    return answer;
  }
  answers reports(bool in_a_batch) {
    auto told = std::make_shared<std::promise<result<bool>>>();
    auto answer = told->get_future();
    actors::outcome_report r;
    r.user_id = "ann";
    r.execution_id = "e1";
    r.success = true;
    if (!in_a_batch)
      engine().report_outcome(r, actors::reply<actors::outcome_receipt>{[told](result<actors::outcome_receipt> got) {
                                told->set_value(std::move(got).map([](const auto&) { return true; }));
                              }});
    else
      engine().report_outcomes({r},
                               actors::reply<actors::outcome_receipts>{[told](result<actors::outcome_receipts> got) {
                                 if (!got)
                                   return told->set_value(fail(got.error()));
                                 told->set_value(got->front().map([](const auto&) { return true; }));
                               }});
    return answer;
  }

  // -- looking ----------------------------------------------------------------
  std::size_t sent() {
    const std::lock_guard lock{sender.mutex};
    return sender.requests.size();
  }
  bool delivered_once(const std::string& id, std::size_t attempts = 1) {
    return world.find(id).status == "success" && sent() == attempts;
  }
  bool fired_once() {
    const auto made = world.of_cue("cue_1");
    return made.size() == 1 && delivered_once(made.front().id);
  }
  bool was_restarted(const std::string& member) {
    return prometheus::TextSerializer{}
               .Serialize(registry.Collect())
               .find("cued_actor_restarts_total{pool=\"" + member + "\"}") != std::string::npos;
  }
  bool is_stuck(const std::string& member) {
    return std::ranges::any_of(engine().troubles(), [&](const actors::member_trouble& t) {
      return t.member == member + "[0]" && t.what == actors::member_trouble::state::stuck;
    });
  }

  using engine_test::add_ready;
  using engine_test::clock;
  using engine_test::engine;
  using engine_test::sender;
  using engine_test::world;
};

struct scenario {
  const char* member;
  const char* operation;
  const char* message; ///< that leads to it
  void (*arrange)(stricken&);
  stricken::answers (*ask)(stricken&); ///< null: nobody waits
  bool (*over)(stricken&, fault);      ///< nothing is lost, nothing doubled
};

bool claimed_once(stricken& s, fault) { return s.world.find("e1").attempts == 1; }
bool recorded_once(stricken& s, fault) { return s.world.find("e1").outcome.has_value(); }
bool e1_delivered(stricken& s, fault) { return s.delivered_once("e1"); }
bool cue_fired(stricken& s, fault) { return s.fired_once(); }
bool told(stricken& s, fault) {
  const std::lock_guard lock{s.world.mutex};
  return s.world.notices.at(1).status == "delivered" && s.sent() == 1;
}
/// Of looks that find nothing: the clock goes on looking.
template <const char* const& Operation>
bool looked(stricken& s, fault f) {
  const std::lock_guard lock{s.world.mutex};
  return s.world.sweeps > 1 && (f == fault::refused || s.world.calls[Operation] > 0);
}

void ready(stricken& s) { s.add_ready("e1"); }
void ready_soon(stricken& s) { s.add_ready("e1", "ann", -1); }
void webhook(stricken& s) { s.add_webhook("e1", s.clock.now()); }
void nothing(stricken&) {}
void cue(stricken& s) { s.add_cue(); }
void notice(stricken& s) { s.add_notice(); }
void refused_webhook(stricken& s) {
  webhook(s);
  s.sender.answer = [](std::size_t nth) {
    actors::webhook_response r;
    r.status = nth == 1 ? 500 : 200;
    return r;
  };
}
void lost_webhook(stricken& s) {
  memory_world::execution e;
  e.id = "e1";
  e.user_id = "ann";
  e.webhook = true;
  e.status = "delivering";
  e.taken_at = s.clock.now() - 1h;
  s.world.add(e);
}
void cue_fired_in_doubt(stricken& s) {
  s.add_cue();
  s.world.inject("fire", fault::in_doubt);
}
void claim_in_doubt(stricken& s) {
  ready(s);
  s.world.inject("claim", fault::in_doubt);
}
void long_quiet(stricken& s) {
  s.engine();
  EXPECT_TRUE(s.world.eventually([](memory_world& w) { return w.sweeps > 0; }));
  s.clock.ahead = 301s;
}

stricken::answers claims_by_id(stricken& s) { return s.claims("e1"); }
stricken::answers claims_one(stricken& s) { return s.claims_next(1); }
stricken::answers claims_many(stricken& s) { return s.claims_next(5); }
stricken::answers waits(stricken& s) { return s.claims_next(1, 5s); }
stricken::answers reports_one(stricken& s) { return s.reports(false); }
stricken::answers reports_many(stricken& s) { return s.reports(true); }

constexpr const char* expire = "expire_outcomes";
constexpr const char* forgotten = "forgotten";
constexpr const char* lost_claims = "return_lost_claims";
constexpr const char* unclaimed = "miss_unclaimed";
constexpr const char* silent = "tell_silent_workers";
constexpr const char* fold = "fold_runs";
constexpr const char* clean = "clean_up";
constexpr const char* next_retry = "next_retry_before";

const std::vector<scenario>& table() {
  static const std::vector<scenario> all{
      {"claim", "claim", "flush_message", ready, claims_by_id, claimed_once},
      {"claim", "claim", "flush_message", ready, claims_many, claimed_once},
      {"claim", "ready", "fetch_ready_message", ready, claims_one, claimed_once},
      {"claim", "next_due", "fetch_ready_message", ready_soon, waits, claimed_once},
      {"claim", "give_back", "give_back_message", claim_in_doubt, claims_by_id, claimed_once},
      {"claim", "give_back", "tick_message", claim_in_doubt, claims_by_id, claimed_once},
      {"outcome", "record_outcomes", "flush_message", ready, reports_one, recorded_once},
      {"outcome", "record_outcomes", "flush_message", ready, reports_many, recorded_once},
      {"outcome", "record_attempts", "flush_message", webhook, nullptr, e1_delivered},
      {"outcome", "record_attempts", "tick_message", lost_webhook, nullptr, e1_delivered},
      {"deliver", "start", "deliver_message", webhook, nullptr, e1_delivered},
      {"deliver", "start", "flush_message", webhook, nullptr, e1_delivered},
      {"deliver", "start", "attempt_over_message", refused_webhook, nullptr,
       [](stricken& s, fault) { return s.delivered_once("e1", 2); }},
      {"cue_clock", "armed_until", "tick_message", cue, nullptr, cue_fired},
      {"cue_clock", "fire", "tick_message", cue, nullptr, cue_fired},
      {"cue_clock", "taken_in_doubt", "tick_message", cue, nullptr, cue_fired},
      {"cue_clock", "taken_in_doubt", "tick_message", cue_fired_in_doubt, nullptr, cue_fired},
      {"cue_clock", "find_armed", "cue_changed_message", cue, nullptr,
       [](stricken& s, fault) {
         s.engine().cue_changed("cue_1"); // as long as it takes
         return s.fired_once();
       }},
      {"cue_clock", "find_armed", "flush_message", cue, nullptr,
       [](stricken& s, fault) {
         s.engine().cue_changed("cue_1");
         return s.fired_once();
       }},
      {"deadline_clock", "ready_retries", "tick_message", refused_webhook, nullptr,
       [](stricken& s, fault) { return s.delivered_once("e1", 2); }},
      {"deadline_clock", "undispatched", "wake_at_message", webhook, nullptr, e1_delivered},
      {"deadline_clock", "stale_deliveries", "tick_message", lost_webhook, nullptr, e1_delivered},
      {"deadline_clock", next_retry, "tick_message", nothing, nullptr, looked<next_retry>},
      {"deadline_clock", expire, "tick_message", nothing, nullptr, looked<expire>},
      {"deadline_clock", forgotten, "tick_message", nothing, nullptr, looked<forgotten>},
      {"deadline_clock", lost_claims, "tick_message", nothing, nullptr, looked<lost_claims>},
      {"deadline_clock", unclaimed, "tick_message", nothing, nullptr, looked<unclaimed>},
      {"deadline_clock", silent, "tick_message", long_quiet, nullptr,
       [](stricken& s, fault f) { // who comes new listens for five minutes first
         s.clock.ahead = s.clock.ahead.load() + 301s;
         return looked<silent>(s, f);
       }},
      {"deadline_clock", fold, "tick_message", nothing, nullptr, looked<fold>},
      {"deadline_clock", clean, "tick_message", nothing, nullptr, looked<clean>},
      {"courier", "counts", "tick_message", notice, nullptr, told},
      {"courier", "take", "notice_written_message", notice, nullptr, told},
      {"courier", "finish", "flush_message", notice, nullptr, told},
  };
  return all;
}

class faults_everywhere : public testing::TestWithParam<std::tuple<std::size_t, fault>> {};

TEST_P(faults_everywhere, are_survived) {
  const auto& row = table().at(std::get<0>(GetParam()));
  const auto what = std::get<1>(GetParam());
  stricken s;
  row.arrange(s);
  s.world.inject(row.operation, what);
  s.engine();

  std::vector<stricken::answers> waiting;
  int granted = 0;
  if (row.ask)
    waiting.push_back(row.ask(s));
  const auto met = [&] {
    const std::lock_guard lock{s.world.mutex};
    return !s.world.injected.contains(row.operation);
  };
  ASSERT_TRUE(soon(s.world, [&] { return met() || row.over(s, what) /* some are asked for again and again */; }));
  ASSERT_TRUE(soon(s.world, met)) << "nobody asked for " << row.operation;

  if (throws(what)) {
    EXPECT_TRUE(soon(s.world, [&] { return s.was_restarted(row.member); })) << "its place stays empty";
  }
  if (hangs(what)) {
    EXPECT_TRUE(soon(s.world, [&] { return s.is_stuck(row.member); })) << "nobody says who is stuck";
    EXPECT_TRUE(soon(s.world, [&] { return s.was_restarted(row.member); })) << "its place stays its own";
    for (auto& one : waiting) { // while it still hangs
      EXPECT_EQ(one.wait_for(20s), std::future_status::ready) << "who asked the one that hangs is not let go";
    }
  }
  const auto ask_until_told = [&] {
    result<bool> last = fail(unavailable("not asked"));
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!last && last.error().status == 503 && std::chrono::steady_clock::now() < until) {
      auto answer = row.ask(s);
      if (answer.wait_for(20s) != std::future_status::ready)
        return last;
      last = answer.get();
      granted += last && *last;
    }
    return last;
  };
  if (row.ask && (hangs(what) || waiting.front().wait_for(20s) != std::future_status::ready)) {
    const auto again = ask_until_told();
    EXPECT_TRUE(again || again.error().status != 503) << "who has the place of the one that hangs does not work";
  }
  s.world.release();
  for (auto& one : waiting) {
    ASSERT_EQ(one.wait_for(20s), std::future_status::ready) << "somebody waits in vain";
    const auto answer = one.get();
    granted += answer && *answer;
    EXPECT_TRUE(answer || answer.error().status == 503 || answer.error().status == 409) << answer.error().status;
  }
  const bool is_claim = row.ask && std::string_view{row.member} == "claim";
  if (is_claim) { // until it is given back there is nothing to claim
    EXPECT_TRUE(soon(s.world, [&] { return granted > 0 || (ask_until_told(), granted > 0); }));
  } else if (row.ask && granted == 0) {
    ask_until_told();
  }
  EXPECT_TRUE(soon(s.world, [&] { return row.over(s, what); })) << "lost or doubled";
  EXPECT_LE(granted, 1) << "granted twice";
  if (is_claim) {
    EXPECT_EQ(granted, 1) << "held by a worker who was never told";
  }
  EXPECT_TRUE(soon(s.world, [&] { return !s.is_stuck(row.member); })) << "it came back, and is still called stuck";
}

INSTANTIATE_TEST_SUITE_P(table, faults_everywhere,
                         testing::Combine(testing::Range(std::size_t{0}, table().size()), testing::ValuesIn(faults)),
                         [](const auto& one) {
                           const auto& row = table().at(std::get<0>(one.param));
                           return std::to_string(std::get<0>(one.param)) + "_" + row.member + "_" + row.operation +
                                  "_at_" + row.message + "_" + name_of(std::get<1>(one.param));
                         });

// -- at the end ----------------------------------------------------------------------

class faults_at_the_end : public testing::TestWithParam<std::size_t> {};

TEST_P(faults_at_the_end, nobody_waits_in_vain_and_the_end_comes) {
  const auto& row = table().at(GetParam());
  stricken s;
  row.arrange(s);
  s.engine();
  s.world.inject(row.operation, fault::throws_before);
  std::vector<stricken::answers> waiting;
  if (row.ask)
    waiting.push_back(row.ask(s));
  s.engine().drain(5s);
  for (auto& one : waiting)
    EXPECT_EQ(one.wait_for(20s), std::future_status::ready);
}

INSTANTIATE_TEST_SUITE_P(table, faults_at_the_end, testing::Range(std::size_t{0}, table().size()));

// -- the table is complete -------------------------------------------------------------

std::string source(const std::string& path) {
  const auto root = std::filesystem::path{__FILE__}.parent_path().parent_path().parent_path();
  std::ifstream file{root / "actors" / path};
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::set<std::string> found(const std::string& text, const char* pattern) {
  std::set<std::string> out;
  const std::regex wanted{pattern};
  for (std::sregex_iterator it{text.begin(), text.end(), wanted}; it != std::sregex_iterator{}; ++it)
    out.insert((*it)[1]);
  return out;
}

const std::map<std::string, std::string> members{
    {"claim", "claim/claim_actor.cpp"},       {"outcome", "outcome/outcome_actor.cpp"},
    {"deliver", "deliver/deliver_actor.cpp"}, {"cue_clock", "clock/cue_clock.cpp"},
    {"courier", "courier/courier_actor.cpp"}, {"deadline_clock", "clock/deadline_clock.cpp"}};
constexpr const char* handled = R"(\[this\]\((?:const )?(\w+_message))";

TEST(the_table_of_faults, has_every_message_and_every_statement_of_every_member) {
  for (const auto& [member, path] : members) {
    const auto text = source(path);
    std::set<std::string> messages{"drain_message"}, operations; // faults_at_the_end
    for (const auto& row : table())
      if (row.member == member) {
        messages.insert(row.message);
        operations.insert(row.operation);
      }
    EXPECT_EQ(found(text, handled), messages) << member;
    EXPECT_EQ(found(text, R"(store_->(\w+)\()"), operations) << member;
  }
}

/// Tenants never ask a store; that they may die at any message is what tests/deterministic sees to.
TEST(the_table_of_faults, knows_who_takes_each_message_there_is) {
  auto taken = found(source("tenant/tenant_actor.cpp"), handled);
  for (const auto& [member, path] : members)
    taken.merge(found(source(path), handled));
  taken.merge(std::set<std::string>{"claim_message", "outcome_message"});                               // in an inbox
  taken.merge(std::set<std::string>{"attempt_message", "lost_attempt_message", "notice_over_message"}); // likewise
  EXPECT_EQ(found(source("messages.hpp"), R"(CUED_MESSAGE\((\w+_message)\))"), taken);
}

// -- the watch ---------------------------------------------------------------------------

class watched : public engine_test {
protected:
  ~watched() override { world.release(); }
  actors::engine_settings settings() override {
    auto s = engine_test::settings();
    s.shards = 1;
    s.watch = {10ms, 100ms, 400ms, 30s};
    return s;
  }
};

TEST_F(watched, a_member_that_never_comes_back_is_named_and_ends_the_process) {
  add_ready("e1");
  auto verdict = hopeless.get_future();
  engine();
  world.inject("claim", fault::hangs_before);
  auto answer = claim("ann", "e1");
  ASSERT_EQ(verdict.wait_for(60s), std::future_status::ready);
  EXPECT_THAT(verdict.get(), testing::HasSubstr("claim[0] has not come back"));
  world.release();
  EXPECT_EQ(answer.wait_for(20s), std::future_status::ready);
}

TEST_F(watched, whoever_waits_behind_a_stuck_member_is_answered_with_503) {
  add_ready("e1");
  add_ready("e2");
  world.inject("claim", fault::hangs_before);
  auto first = claim("ann", "e1");
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.hanging == 1; }));
  auto behind = claim("ann", "e2");
  ASSERT_EQ(behind.wait_for(20s), std::future_status::ready) << "while the other still hangs";
  EXPECT_EQ(behind.get().error().status, 503);
}

TEST_F(watched, a_member_that_keeps_dying_is_named_until_it_has_been_well_for_a_while) {
  world.throw_at("ready_retries", 3);
  engine();
  using testing::Contains;
  using testing::Field;
  EXPECT_TRUE(soon(world, [&] {
    return std::ranges::any_of(engine().troubles(), [](const auto& t) {
      return t.member == "deadline_clock[0]" && t.what == actors::member_trouble::state::restarting && t.deaths > 1;
    });
  }));
}

class forgiving : public engine_test {
  actors::engine_settings settings() override {
    auto s = engine_test::settings();
    s.watch.look_every = 10ms;
    s.restarts.deaths_within = 1s;
    return s;
  }
};

TEST_F(forgiving, who_has_been_well_for_a_while_is_not_named_any_more) {
  world.throw_at("ready_retries", 3);
  engine();
  ASSERT_TRUE(soon(world, [&] { return !engine().troubles().empty(); }));
  EXPECT_TRUE(soon(world, [&] { return engine().troubles().empty(); }));
}

// -- claims in doubt ------------------------------------------------------------------

TEST_F(watched, a_claim_of_somebody_who_has_hung_up_is_given_back) {
  add_ready("e1");
  const auto gone = std::make_shared<std::atomic<bool>>(true);
  auto told = std::make_shared<std::promise<result<actors::claim_grant>>>();
  actors::claim_request request{"ann", "e1", "worker"};
  request.abandoned = gone;
  engine().claim(request, actors::reply<actors::claim_grant>{[told](auto r) { told->set_value(std::move(r)); }});
  EXPECT_FALSE(told->get_future().get());
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.claims_given_back == 1; }));
  EXPECT_EQ(world.find("e1").status, "pending");
  EXPECT_EQ(world.find("e1").attempts, 0);
}

TEST_F(watched, workers_that_wait_hear_of_a_claim_that_was_given_back) {
  add_ready("e1");
  world.inject("claim", fault::in_doubt);
  EXPECT_EQ(claim("ann", "e1", "first").get().error().status, 503);
  auto told = std::make_shared<std::promise<result<actors::claim_grant>>>();
  engine().claim({"ann", "", "second", 10s},
                 actors::reply<actors::claim_grant>{[told](auto r) { told->set_value(std::move(r)); }});
  const auto granted = told->get_future().get();
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->execution_id, "e1");
  EXPECT_EQ(world.find("e1").claimed_by, "second");
}

// -- reports ------------------------------------------------------------------------------

TEST_F(watched, reports_do_not_wait_for_attempts_that_cannot_be_written) {
  add_ready("e1");
  memory_world::execution w;
  w.id = "e2";
  w.user_id = "ann";
  w.webhook = true;
  w.scheduled_for = clock.now();
  world.add(w);
  world.away("record_attempts", true);
  engine();
  ASSERT_TRUE(soon(world, [&] {
    const std::lock_guard lock{world.mutex};
    return world.calls["record_attempts"] > 0;
  }));
  const auto tried = [&] {
    const std::lock_guard lock{world.mutex};
    return world.calls["record_attempts"];
  };
  const auto before = tried();
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(report("ann", "nobody").get().error().status, 404);
  EXPECT_LT(tried() - before, 50u) << "each report has waited for the attempts";
  world.away("record_attempts", false);
  EXPECT_TRUE(world.eventually([](memory_world& m) { return m.executions.at("e2").status == "success"; }));
}

} // namespace
} // namespace cued::test
