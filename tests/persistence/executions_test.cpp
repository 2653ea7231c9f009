#include "persistence/executions.hpp"

#include "tests/persistence/execution_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class executions : public execution_test {
protected:
  result<found_execution> find(const std::string& user, const std::string& id) {
    const execution_key asked{id, user};
    auto found = find_executions(link_, {&asked, 1});
    if (!found)
      return fail(found.error());
    EXPECT_EQ(found->size(), 1u);
    return std::move(found->front());
  }

  std::vector<std::string> ids_of(const execution_filter& filter, int limit = 100, std::int64_t offset = 0) {
    const auto page = list_executions(link_, ada, filter, limit, offset);
    EXPECT_TRUE(page);
    std::vector<std::string> out;
    for (const auto& e : page->executions)
      out.push_back(e.id);
    return out;
  }

  std::vector<std::string> ids(std::initializer_list<int> numbers) {
    std::vector<std::string> out;
    for (const int n : numbers)
      out.push_back(execution_id(n));
    return out;
  }
};

class claimable : public execution_test {
protected:
  std::vector<claimable_execution> all(const claimable_filter& filter = {}) {
    auto found = claimable_executions(link_, ada, filter, now_);
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
};

} // namespace

// -- one -------------------------------------------------------------------

TEST_F(executions, a_fresh_execution_has_no_outcome) {
  add_cue("cue_a");
  add_execution(1, "cue_a");
  const auto answer = find(ada, execution_id(1));
  ASSERT_TRUE(answer && *answer);
  const auto& found = *answer;
  const auto& e = found->execution;
  EXPECT_EQ(e.id, execution_id(1));
  EXPECT_EQ(e.cue_id, "cue_a");
  EXPECT_EQ(e.status, "pending");
  EXPECT_EQ(e.scheduled_for, now_ - 12h - 59min);
  EXPECT_EQ(e.attempts, 0);
  EXPECT_EQ(e.http_status, std::nullopt);
  EXPECT_EQ(e.started_at, std::nullopt);
  EXPECT_FALSE(e.outcome);
  EXPECT_EQ(e.triggered_by, std::nullopt);
}

TEST_F(executions, every_column_that_is_shown_is_read) {
  add_cue("cue_a");
  add_execution(1, "cue_a",
                {{"status", "'success'"},
                 {"http_status", "201"},
                 {"attempts", "2"},
                 {"error_message", "'first try failed'"},
                 {"started_at", "'2026-11-24 01:00:00+00'"},
                 {"delivered_at", "'2026-11-24 01:00:01.5+00'"},
                 {"last_attempt_at", "'2026-11-24 01:00:02+00'"},
                 {"next_retry", "'2026-11-24 01:00:03+00'"},
                 {"claimed_by_worker", "'w1'"},
                 {"claimed_at", "'2026-11-24 01:00:04+00'"},
                 {"last_heartbeat_at", "'2026-11-24 01:00:05+00'"},
                 {"triggered_by", "'replay'"},
                 {"outcome_success", "true"},
                 {"outcome_result", "'ok'"},
                 {"outcome_error", "'none'"},
                 {"outcome_metadata", "'{\"b\": 1.0, \"a\": [2]}'"},
                 {"outcome_recorded_at", "'2026-11-24 01:00:06+00'"},
                 {"outcome_state", "'verified_success'"},
                 {"evidence_external_id", "'x'"},
                 {"evidence_result_url", "'https://r/'"},
                 {"evidence_result_ref", "'ref'"},
                 {"evidence_result_type", "'pdf'"},
                 {"evidence_summary", "'sum'"},
                 {"evidence_validation_state", "'valid'"},
                 {"evidence_artifacts", "'[1]'"},
                 {"evidence_metadata", "'{\"m\": 1}'"}});
  const auto answer = find(ada, execution_id(1));
  ASSERT_TRUE(answer && *answer);
  const auto& found = *answer;
  const auto& e = found->execution;
  const auto one = now_ - 12h;
  EXPECT_EQ(e.http_status, 201);
  EXPECT_EQ(e.attempts, 2);
  EXPECT_EQ(e.error_message, "first try failed");
  EXPECT_EQ(e.started_at, one);
  EXPECT_EQ(e.delivered_at, one + 1500ms);
  EXPECT_EQ(e.last_attempt_at, one + 2s);
  EXPECT_EQ(e.next_retry, one + 3s);
  EXPECT_EQ(e.claimed_by_worker, "w1");
  EXPECT_EQ(e.claimed_at, one + 4s);
  EXPECT_EQ(e.last_heartbeat_at, one + 5s);
  EXPECT_EQ(e.triggered_by, "replay");
  EXPECT_EQ(e.outcome_state, "verified_success");
  ASSERT_TRUE(e.outcome);
  EXPECT_TRUE(e.outcome->success);
  EXPECT_EQ(e.outcome->result, "ok");
  EXPECT_EQ(e.outcome->error, "none");
  EXPECT_EQ(e.outcome->metadata_json, R"({"a": [2], "b": 1.0})");
  EXPECT_EQ(e.outcome->recorded_at, one + 6s);
  EXPECT_EQ(e.evidence.external_id, "x");
  EXPECT_EQ(e.evidence.result_url, "https://r/");
  EXPECT_EQ(e.evidence.result_ref, "ref");
  EXPECT_EQ(e.evidence.result_type, "pdf");
  EXPECT_EQ(e.evidence.summary, "sum");
  EXPECT_EQ(e.evidence.validation_state, "valid");
  EXPECT_EQ(found->artifacts_json, "[1]");
  EXPECT_EQ(found->evidence_metadata_json, R"({"m": 1})");
}

TEST_F(executions, a_json_null_is_no_metadata_and_a_missing_success_is_a_failure) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"outcome_metadata", "'null'"}, {"outcome_recorded_at", "now()"}});
  const auto answer = find(ada, execution_id(1));
  ASSERT_TRUE(answer && *answer);
  const auto& found = *answer;
  ASSERT_TRUE(found->execution.outcome);
  EXPECT_FALSE(found->execution.outcome->success);
  EXPECT_EQ(found->execution.outcome->metadata_json, std::nullopt);
}

TEST_F(executions, many_are_found_at_once_in_the_order_in_which_they_were_asked_for) {
  add_cue("cue_a");
  for (const int n : {1, 2, 3})
    add_execution(n, "cue_a");
  const std::vector<execution_key> asked{{execution_id(3), ada},
                                         {execution_id(1), bob},
                                         {execution_id(9), ada},
                                         {execution_id(1), ada},
                                         {execution_id(3), ada}};
  const auto found = find_executions(link_, asked);
  ASSERT_TRUE(found);
  std::vector<std::string> ids;
  for (const auto& one : *found)
    ids.push_back(one ? one->execution.id : "none");
  EXPECT_EQ(ids, (std::vector<std::string>{execution_id(3), "none", "none", execution_id(1), execution_id(3)}));
}

TEST_F(executions, whoever_asks_for_none_gets_none) {
  const auto found = find_executions(link_, {});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST_F(executions, another_user_s_execution_is_not_there) {
  add_cue("cue_a");
  add_execution(1, "cue_a");
  for (const auto& [user, id] : {std::pair{bob, execution_id(1)}, std::pair{ada, execution_id(2)}}) {
    const auto found = find(user, id);
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
  }
}

// -- list ------------------------------------------------------------------

TEST_F(executions, the_newest_come_first_and_the_total_is_that_of_all_pages) {
  add_cue("cue_a");
  add_cue("cue_b");
  add_cue("cue_bob", {{"user_id", quoted(bob)}});
  add_execution(1, "cue_a");
  add_execution(2, "cue_b");
  add_execution(3, "cue_a");
  add_execution(4, "cue_bob");
  const auto page = list_executions(link_, ada, {}, 2, 0);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 3);
  EXPECT_EQ(ids_of({}, 2, 0), ids({3, 2}));
  EXPECT_EQ(ids_of({}, 2, 2), ids({1}));
}

TEST_F(executions, an_offset_past_the_end_still_tells_the_total) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"claimed_at", "'2026-11-24 05:00:00+00'"}});
  const auto page = list_executions(link_, ada, {}, 20, std::numeric_limits<std::int64_t>::max());
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->executions.empty());
  EXPECT_EQ(page->total, 1);
  EXPECT_EQ(page->oldest_claimed_at, now_ - 8h);
}

TEST_F(executions, an_empty_list_has_no_oldest_claim) {
  const auto page = list_executions(link_, ada, {}, 20, 0);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 0);
  EXPECT_EQ(page->oldest_claimed_at, std::nullopt);
}

TEST_F(executions, the_oldest_claim_is_that_of_the_filtered_set_not_of_the_page) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"claimed_at", "'2026-11-24 01:00:00+00'"}, {"status", "'success'"}});
  add_execution(2, "cue_a", {{"claimed_at", "'2026-11-24 02:00:00+00'"}, {"status", "'delivering'"}});
  add_execution(3, "cue_a", {{"claimed_at", "'2026-11-24 03:00:00+00'"}, {"status", "'delivering'"}});
  execution_filter delivering;
  delivering.statuses = {"delivering"};
  const auto page = list_executions(link_, ada, delivering, 1, 0);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->executions.size(), 1u);
  EXPECT_EQ(page->executions[0].id, execution_id(3));
  EXPECT_EQ(page->oldest_claimed_at, now_ - 11h);
}

TEST_F(executions, each_filter_narrows) {
  add_cue("cue_a");
  add_cue("cue_b");
  add_execution(1, "cue_a", {{"status", "'success'"}, {"claimed_by_worker", "'w1'"}});
  add_execution(2, "cue_a", {{"status", "'failed'"}, {"outcome_state", "'reported_failure'"}});
  add_execution(3, "cue_b", {{"triggered_by", "'manual_fire'"}, {"evidence_result_type", "'pdf'"}});
  add_execution(4, "cue_b", {{"evidence_artifacts", "'[1]'"}});

  const auto with = [](auto change) {
    execution_filter f;
    change(f);
    return f;
  };
  EXPECT_EQ(ids_of(with([](auto& f) { f.cue_id = "cue_a"; })), ids({2, 1}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.cue_id = "cue_none"; })), ids({}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.statuses = {"success"}; })), ids({1}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.statuses = {"success", "failed", "no,\"such"}; })), ids({2, 1}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.worker_id = "w1"; })), ids({1}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.outcome_state = "reported_failure"; })), ids({2}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.triggered_by = "manual_fire"; })), ids({3}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.result_type = "pdf"; })), ids({3}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.has_evidence = true; })), ids({4, 3}));
  EXPECT_EQ(ids_of(with([](auto& f) { f.has_evidence = false; })), ids({2, 1}));
  EXPECT_EQ(ids_of(with([](auto& f) {
              f.cue_id = "cue_b";
              f.has_evidence = true;
              f.triggered_by = "manual_fire";
            })),
            ids({3}));
}

TEST_F(executions, another_user_s_cue_lists_nothing) {
  add_cue("cue_bob", {{"user_id", quoted(bob)}});
  add_execution(1, "cue_bob");
  execution_filter of_bob;
  of_bob.cue_id = "cue_bob";
  EXPECT_EQ(ids_of(of_bob), ids({}));
}

// -- claimable ---------------------------------------------------------------

TEST_F(claimable, pending_executions_of_worker_cues_oldest_first) {
  add_worker_cue("cue_w", R"({"task": "resize", "size": 3})");
  add_worker_cue("cue_paused", R"({})", {{"status", "'paused'"}});
  add_cue("cue_hook");
  add_execution(3, "cue_w", {{"attempts", "1"}});
  add_execution(1, "cue_w");
  add_execution(2, "cue_paused");
  add_execution(4, "cue_hook");
  const auto found = all();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].execution_id, execution_id(1));
  EXPECT_EQ(found[0].cue_id, "cue_w");
  EXPECT_EQ(found[0].cue_name, "name of cue_w");
  EXPECT_EQ(found[0].task, "resize");
  EXPECT_EQ(found[0].payload_json, R"({"size": 3, "task": "resize"})");
  EXPECT_EQ(found[0].scheduled_for, now_ - 12h - 59min);
  EXPECT_EQ(found[1].execution_id, execution_id(2));
  EXPECT_EQ(found[1].task, std::nullopt);
  EXPECT_EQ(found[2].execution_id, execution_id(3));
  EXPECT_EQ(found[2].attempts, 1);
}

TEST_F(claimable, only_what_a_claim_would_be_granted_for) {
  add_worker_cue("cue_w");
  add_worker_cue("cue_bob", "{}", {{"user_id", quoted(bob)}});
  add_execution(1, "cue_w", {{"status", "'retry_ready'"}});
  add_execution(2, "cue_w", {{"status", "'delivering'"}});
  add_execution(3, "cue_w", {{"scheduled_for", "'2026-11-24 13:00:00.000001+00'"}});
  add_execution(4, "cue_bob");
  add_execution(5, "cue_w", {{"scheduled_for", "'2026-11-24 13:00:00+00'"}});
  const auto found = all();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].execution_id, execution_id(5));
}

TEST_F(claimable, a_filter_finds_what_lies_behind_fifty_others) {
  add_worker_cue("cue_many", R"({"task": "nobody"})");
  add_worker_cue("cue_one", R"({"task": "mine", "agent": "ann"})");
  for (int n = 1; n <= claimable_limit + 10; ++n)
    add_execution(n, "cue_many");
  add_execution(100, "cue_one");
  auto found = all({"mine", {}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].execution_id, execution_id(100));
  found = all({{}, "ann"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].execution_id, execution_id(100));
  EXPECT_TRUE(all({"mine", "bob"}).empty());
  EXPECT_EQ(all({"nobody", {}}).size(), std::size_t{claimable_limit});
}

TEST_F(claimable, without_a_filter_every_task_gets_its_turn) {
  add_worker_cue("cue_many", R"({"task": "nobody"})");
  add_worker_cue("cue_one", R"({"task": "mine"})");
  for (int n = 1; n <= claimable_limit + 10; ++n)
    add_execution(n, "cue_many");
  add_execution(100, "cue_one");
  add_execution(101, "cue_one");
  const auto found = all();
  ASSERT_EQ(found.size(), std::size_t{claimable_limit});
  EXPECT_EQ(found.front().execution_id, execution_id(1));
  EXPECT_EQ(found[claimable_limit - 2].execution_id, execution_id(100));
  EXPECT_EQ(found[claimable_limit - 1].execution_id, execution_id(101));
}

TEST_F(claimable, a_task_that_is_no_string_is_no_task_and_stops_nobody) {
  add_worker_cue("cue_7", R"({"task": 7})");
  add_worker_cue("cue_null", "null");
  add_worker_cue("cue_list", "[1]");
  add_worker_cue("cue_nothing", "{}", {{"payload", "NULL"}});
  add_execution(1, "cue_7");
  add_execution(2, "cue_null");
  add_execution(3, "cue_list");
  add_execution(4, "cue_nothing");
  const auto found = all();
  ASSERT_EQ(found.size(), 4u);
  for (const auto& e : found)
    EXPECT_EQ(e.task, std::nullopt) << e.cue_id;
  EXPECT_EQ(found[0].payload_json, R"({"task": 7})");
  for (const int i : {1, 2, 3})
    EXPECT_EQ(found[i].payload_json, "{}") << found[i].cue_id;
  EXPECT_TRUE(all({"7", {}}).empty());
}

TEST_F(claimable, the_payload_an_execution_was_fired_with_goes_before_its_cue_s) {
  add_worker_cue("cue_w", R"({"task": "default"})");
  add_execution(1, "cue_w", {{"payload_override", quoted(R"({"task": "special"})")}});
  add_execution(2, "cue_w");
  const auto found = all();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].task, "special");
  EXPECT_EQ(found[0].payload_json, R"({"task": "special"})");
  EXPECT_EQ(found[1].task, "default");
  EXPECT_EQ(all({"special", {}}).size(), 1u);
}
