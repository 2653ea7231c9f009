#include <gtest/gtest.h>

#include "persistence/api_keys.hpp"
#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"
#include "tests/persistence/account_rows.hpp"

/// Named keys as the whole pipeline sees them, over a real database.
namespace cued::http::test {
namespace {

using cued::test::ada;
using cued::test::some_act;

constexpr std::string_view own_key = "cue_sk_00000000000000000000000000000001";
constexpr std::string_view named_key = "cue_sk_00000000000000000000000000000002";
const std::string key_id = "33333333-3333-4333-8333-333333333333";

class named_keys : public cued::test::database_test {
protected:
  named_keys() {
    const auto row = cued::test::registration(ada, "ada@b.com", security::api_key_hash(own_key));
    if (const auto made = persistence::insert_user(link_, row, some_act()); !made)
      ADD_FAILURE() << made.error().message;
  }

  void make(key_scope scope, std::optional<instant> expires_at = {}) {
    const persistence::new_api_key wanted{key_id,         "box",     scope, security::api_key_hash(named_key),
                                          "cue_sk_00000", expires_at};
    const auto made = persistence::add_api_key(link_, {ada, ""}, wanted, some_act());
    ASSERT_TRUE(made) << made.error().message;
  }

  wire_response ask(std::string_view start) { return h.ask_without_key(start, house::bearer(named_key)); }

  house h{sample_routes, {}, database_.options()};
};

TEST_F(named_keys, a_read_only_key_reads_and_no_more) {
  make(key_scope::read_only);
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  const auto refused = ask("DELETE /v1/things/1");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(code_of(refused), "insufficient_scope");
}

TEST_F(named_keys, a_worker_key_is_refused_where_no_route_says_otherwise) {
  make(key_scope::worker);
  EXPECT_EQ(code_of(ask("GET /v1/things")), "insufficient_scope");
}

TEST_F(named_keys, a_full_key_is_as_good_as_the_account_s_own) {
  make(key_scope::full);
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  EXPECT_EQ(ask("DELETE /v1/things/1").status, 204);
}

TEST_F(named_keys, each_key_has_a_window_of_its_own) {
  make(key_scope::full);
  EXPECT_EQ(ask("GET /v1/things").header("x-ratelimit-remaining"), "59");
  EXPECT_EQ(h.ask_without_key("GET /v1/things", house::bearer(own_key)).header("x-ratelimit-remaining"), "59");
}

TEST_F(named_keys, a_key_ends_at_its_end_although_it_is_remembered) {
  const auto end = h.clock.now() + std::chrono::hours{24 * 365 * 50}; // the database has a clock of its own
  make(key_scope::full, end);
  h.clock.advance(end - h.clock.now() - std::chrono::milliseconds{1'000});
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  h.clock.advance(std::chrono::milliseconds{999});
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  h.clock.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(code_of(ask("GET /v1/things")), "invalid_api_key");
}

TEST_F(named_keys, a_use_is_written_down_beside_the_request_and_once_a_minute) {
  make(key_scope::full);
  const auto last_use = [&] {
    // The one thread of the pool has done the write by the time it serves the next look-up.
    h.principals.forget_user(ada);
    EXPECT_EQ(ask("GET /v1/things").status, 200);
    return persistence::list_api_keys(link_, ada)->keys.at(0).last_used_at;
  };
  const auto first = h.clock.now();
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  EXPECT_EQ(last_use(), first);
  h.clock.advance(std::chrono::seconds{59});
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  EXPECT_EQ(last_use(), first);
  h.clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(ask("GET /v1/things").status, 200);
  EXPECT_EQ(last_use(), h.clock.now());
}

} // namespace
} // namespace cued::http::test
