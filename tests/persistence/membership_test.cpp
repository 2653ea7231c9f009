#include "persistence/membership.hpp"

#include <gmock/gmock.h>

#include "persistence/clock_store.hpp"
#include "persistence/deadline_store.hpp"
#include "persistence/delivery_store.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::node_row;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int lease_looks = 3;

TEST(silence_watch, tells_who_has_not_renewed_for_as_many_looks) {
  persistence::silence_watch watch{2};
  const node_row silent{1, 10}, lively{2, 20};
  EXPECT_THAT(watch.silent_among({silent, lively}), IsEmpty());
  EXPECT_THAT(watch.silent_among({silent, {2, 21}}), IsEmpty());
  EXPECT_THAT(watch.silent_among({silent, {2, 22}}), ElementsAre(silent));
}

TEST(silence_watch, begins_to_count_anew_with_every_sign_of_life) {
  persistence::silence_watch watch{2};
  for (std::int64_t renewals = 0; renewals < 10; ++renewals) {
    EXPECT_THAT(watch.silent_among({{1, renewals}}), IsEmpty());
    EXPECT_THAT(watch.silent_among({{1, renewals}}), IsEmpty());
  }
}

TEST(silence_watch, knows_nothing_of_who_comes_again) {
  persistence::silence_watch watch{1};
  EXPECT_THAT(watch.silent_among({{1, 10}}), IsEmpty());
  EXPECT_THAT(watch.silent_among({}), IsEmpty());
  EXPECT_THAT(watch.silent_among({{1, 10}}), IsEmpty());
}

/// Looks are taken by the tests themselves, so no time passes.
class nodes : public execution_test {
protected:
  std::unique_ptr<persistence::membership> join(const std::string& name, bool sole_owner = false) {
    persistence::membership_settings chosen{name, lease_looks};
    chosen.sole_owner = sole_owner;
    chosen.on_fenced = [this] { ++fenced_; };
    auto joined = persistence::membership::join(std::make_unique<persistence::postgres_node_store>(database_.options()),
                                                std::move(chosen));
    EXPECT_TRUE(joined);
    return std::move(*joined);
  }

  static std::int64_t epoch(const std::unique_ptr<persistence::membership>& node) { return node->seat().epoch(); }
  static std::vector<std::int64_t> in_charge(const std::unique_ptr<persistence::membership>& node) {
    return node->seat().roster()->in_charge;
  }
  std::string rows() { return database_.value("SELECT string_agg(name, ' ' ORDER BY name) FROM cued.nodes"); }
  std::string taken_by(int n) {
    return database_.value("SELECT taken_by FROM cued.open_executions WHERE execution_id = " + quoted(execution_id(n)));
  }
  void remove(const std::unique_ptr<persistence::membership>& node) {
    database_.exec("DELETE FROM cued.nodes WHERE epoch = " + std::to_string(epoch(node)));
  }
  static void look(const std::unique_ptr<persistence::membership>& node, int times) {
    for (int i = 0; i < times; ++i)
      node->look();
  }

  int fenced_ = 0;
};

TEST_F(nodes, see_each_other_and_who_leaves_is_gone_at_once) {
  const auto a = join("a");
  auto b = join("b");
  a->look();
  EXPECT_THAT(in_charge(a), ElementsAre(epoch(a), epoch(b)));
  EXPECT_EQ(in_charge(a), in_charge(b));
  EXPECT_EQ(a->seat().living(), 2u);
  b->leave();
  EXPECT_EQ(rows(), "a");
  a->look();
  EXPECT_THAT(in_charge(a), ElementsAre(epoch(a)));
}

TEST_F(nodes, a_node_that_is_told_to_rest_goes_on_until_the_others_have_noticed) {
  const auto a = join("a");
  const auto b = join("b");
  b->rest();
  b->look();
  a->look();
  EXPECT_THAT(in_charge(a), ElementsAre(epoch(a)));
  EXPECT_THAT(in_charge(b), ElementsAre(epoch(a), epoch(b)));
  EXPECT_EQ(a->seat().living(), 2u);
}

TEST_F(nodes, a_silent_node_is_removed_when_its_lease_is_over_and_not_before) {
  const auto a = join("a");
  const auto b = join("b");
  look(a, lease_looks);
  EXPECT_EQ(rows(), "a b");
  look(a, 1);
  EXPECT_EQ(rows(), "a");
  EXPECT_THAT(in_charge(a), ElementsAre(epoch(a)));
}

TEST_F(nodes, who_renews_now_and_then_stays) {
  const auto a = join("a");
  const auto b = join("b");
  for (int i = 0; i < 5; ++i) {
    look(a, lease_looks);
    b->look();
  }
  EXPECT_EQ(rows(), "a b");
  EXPECT_EQ(fenced_, 0);
}

TEST_F(nodes, a_silent_node_is_one_others_to_remove) {
  const auto silent = join("silent");
  persistence::postgres_node_store a{database_.options()}, b{database_.options()};
  const auto own = a.join("own", false, false).value();
  const auto seen = a.renew(own, false).value();
  const std::vector<node_row> found{seen.at(0)};
  ASSERT_EQ(found[0].epoch, epoch(silent));
  EXPECT_THAT(a.remove_silent(found).value(), ElementsAre(epoch(silent)));
  EXPECT_THAT(b.remove_silent(found).value(), IsEmpty());
}

TEST_F(nodes, a_sign_of_life_comes_before_the_removal) {
  const auto slow = join("slow");
  persistence::postgres_node_store other{database_.options()};
  const auto own = other.join("own", false, false).value();
  const auto seen = other.renew(own, false).value();
  slow->look();
  EXPECT_THAT(other.remove_silent({seen.at(0)}).value(), IsEmpty());
  EXPECT_EQ(rows(), "own slow");
}

TEST_F(nodes, a_node_that_was_removed_begins_a_new_life) {
  const auto a = join("a");
  const auto first = epoch(a);
  const auto roster = a->seat().roster()->number;
  remove(a);
  a->look();
  EXPECT_EQ(fenced_, 1);
  EXPECT_GT(epoch(a), first);
  EXPECT_GT(a->seat().roster()->number, roster);
  EXPECT_EQ(rows(), "a");
}

TEST_F(nodes, the_sole_owner_of_a_database_removes_what_was_left_behind) {
  const auto left_behind = join("left behind");
  const auto a = join("a", true);
  EXPECT_EQ(rows(), "a");
  EXPECT_THAT(in_charge(a), ElementsAre(epoch(a)));
}

TEST_F(nodes, a_node_that_was_removed_fires_nothing_until_it_has_joined_anew) {
  const auto a = join("a");
  persistence::postgres_clock_store store{database_.options(), &a->seat()};
  add_cue("cue_1", {{"next_run", "timestamptz '2026-11-24 12:00:00+00'"}, {"schedule_cron", "'0 12 * * *'"}});
  const auto noon = now_ - std::chrono::hours{1};
  const persistence::firing due{
      {"cue_1", noon, true, "0 12 * * *", "UTC"}, {{noon, execution_id(1)}}, noon + std::chrono::days{1}, false};
  remove(a);
  EXPECT_THAT(store.fire({due}).value(), IsEmpty());
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "0");
  a->look();
  EXPECT_EQ(store.fire({due}).value().size(), 1u);
}

TEST_F(nodes, a_node_that_was_removed_takes_nothing_until_it_has_joined_anew) {
  const auto a = join("a");
  persistence::postgres_delivery_store store{database_.options(),
                                             persistence::postgres_delivery_store::monthly_limit::enforced, &a->seat()};
  add_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  remove(a);
  EXPECT_EQ(store.start({e}, wall_clock{}.now()).error().status, 503);
  EXPECT_EQ(column(1, "status"), "pending");
  a->look();
  EXPECT_EQ(store.start({e}, wall_clock{}.now()).value().size(), 1u);
  EXPECT_TRUE(store.start({e}, wall_clock{}.now()).value().empty()) << "taken already: no error";
}

TEST_F(nodes, what_a_node_that_is_gone_had_in_delivery_is_found_at_once) {
  const auto a = join("a");
  const auto b = join("b");
  const auto limit = persistence::postgres_delivery_store::monthly_limit::enforced;
  persistence::postgres_delivery_store of_a{database_.options(), limit, &a->seat()},
      of_b{database_.options(), limit, &b->seat()}, of_others{database_.options()};
  persistence::postgres_deadline_store deadlines{database_.options(), persistence::deadline_limits{}};
  add_cue("cue_1");
  ASSERT_EQ(of_a.start({add_execution(1, "cue_1")}, wall_clock{}.now()).value().size(), 1u);
  ASSERT_EQ(of_b.start({add_execution(2, "cue_1")}, wall_clock{}.now()).value().size(), 1u);
  ASSERT_EQ(of_others.start({add_execution(3, "cue_1")}, wall_clock{}.now()).value().size(), 1u);
  EXPECT_EQ(taken_by(1), std::to_string(epoch(a)));
  EXPECT_EQ(taken_by(3), "");
  EXPECT_THAT(deadlines.stale_deliveries(now_).value(), IsEmpty());

  look(b, lease_looks + 1);
  const auto lost = deadlines.stale_deliveries(now_).value();
  ASSERT_EQ(lost.size(), 1u) << "b lives, and of others' rows nobody knows";
  EXPECT_EQ(lost[0].execution_id, execution_id(1));
  EXPECT_TRUE(lost[0].sender_gone);
}

/// A start that does not know whether it took the execution asks for it again, and knows it by the call's instant.
class doubtful_start : public nodes {
protected:
  doubtful_start() {
    add_cue("cue_1");
    add_execution(1, "cue_1");
    database_.exec("CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'");
    database_.exec("CREATE TRIGGER break_off AFTER UPDATE ON executions EXECUTE FUNCTION break_off()");
    EXPECT_EQ(of_a_.start({execution_}, at_).error().status, 503);
    database_.exec("DROP TRIGGER break_off ON executions");
  }
  static constexpr auto limit = persistence::postgres_delivery_store::monthly_limit::enforced;

  const std::unique_ptr<persistence::membership> a_ = join("a"), b_ = join("b");
  persistence::postgres_delivery_store of_a_{database_.options(), limit, &a_->seat()},
      of_b_{database_.options(), limit, &b_->seat()};
  const instant at_ = wall_clock{}.now(), later_ = at_ + std::chrono::seconds{1};
  const std::string execution_ = execution_id(1);
};

TEST_F(doubtful_start, takes_what_it_took_again) {
  database_.exec("UPDATE executions SET status = 'delivering', updated_at = " +
                 quoted(persistence::write_instant(at_))); // as if only the answer had been lost
  database_.exec("UPDATE cued.open_executions SET taken_by = " + std::to_string(epoch(a_)));
  EXPECT_EQ(of_a_.start({execution_}, later_).value().size(), 1u);
  EXPECT_TRUE(of_a_.start({execution_}, later_).value().empty()) << "once";
}

TEST_F(doubtful_start, leaves_alone_what_another_node_took_at_the_same_instant) {
  ASSERT_EQ(of_b_.start({execution_}, at_).value().size(), 1u);
  EXPECT_TRUE(of_a_.start({execution_}, later_).value().empty());
}

TEST_F(nodes, what_a_firing_took_is_its_nodes_until_that_is_gone) {
  const auto a = join("a"), b = join("b");
  persistence::postgres_clock_store clock{database_.options(), &a->seat()};
  persistence::postgres_deadline_store deadlines{database_.options(), persistence::deadline_limits{}};
  const auto noon = now_ - std::chrono::hours{1};
  add_cue("cue_1", {{"next_run", quoted(persistence::write_instant(noon))}, {"schedule_cron", "'0 12 * * *'"}});
  persistence::firing due{{"cue_1", noon, true, "0 12 * * *", "UTC"}, {{noon, execution_id(1)}}, std::nullopt, false};
  due.slots.front().take = true;
  ASSERT_TRUE(clock.fire({due}).value().at(0).started);
  EXPECT_EQ(taken_by(1), std::to_string(epoch(a)));
  EXPECT_THAT(deadlines.stale_deliveries(now_).value(), IsEmpty());
  remove(a);
  const auto lost = deadlines.stale_deliveries(now_).value();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_TRUE(lost[0].sender_gone);
}

TEST_F(nodes, an_attempt_that_somebody_else_began_is_not_the_gone_nodes) {
  const auto a = join("a");
  persistence::postgres_delivery_store store{database_.options(),
                                             persistence::postgres_delivery_store::monthly_limit::enforced, &a->seat()};
  persistence::postgres_deadline_store deadlines{database_.options(), persistence::deadline_limits{}};
  add_cue("cue_1");
  ASSERT_EQ(store.start({add_execution(1, "cue_1")}, wall_clock{}.now()).value().size(), 1u);
  database_.exec("UPDATE executions SET attempts = 1"); // the first attempt has ended, and the reference took the next
  remove(a);
  EXPECT_THAT(deadlines.stale_deliveries(now_).value(), IsEmpty());
}

} // namespace
} // namespace cued::test
