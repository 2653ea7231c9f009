#include "tests/http/routes/cue_fixture.hpp"

using namespace cued;
using namespace cued::test;
using testing::_;

namespace {

class fire_key_route : public cue_routes_test {
protected:
  fire_key_route() { add_cue("cue_a"); }
  called_routes::answer fire(const std::string& body) { return api_.post("/v1/cues/cue_a/fire", body); }
};

} // namespace

TEST_F(fire_key_route, a_repeated_fire_is_answered_alike_and_delivered_once) {
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, _)).Times(1);
  const auto first = fire(R"({"idempotency_key":"k","payload_override":{"a":1,"b":2}})");
  EXPECT_EQ(first.status, 200);
  api_.clock.set(now_ + std::chrono::hours{1});
  EXPECT_EQ(fire(R"({"payload_override":{"b":2,"a":1},"idempotency_key":"k"})").body, first.body)
      << "the order of members does not matter";
  EXPECT_EQ(count("executions"), "1");
}

TEST_F(fire_key_route, a_postponed_fire_keeps_its_offset_when_it_is_repeated) {
  EXPECT_CALL(api_.engine, execution_created(_, _, _, _));
  const std::string body = R"({"idempotency_key":"k","send_at":"2027-01-01T00:00:00+02:00"})";
  const auto first = fire(body);
  EXPECT_EQ(first["scheduled_for"], R"("2027-01-01T00:00:00+02:00")");
  api_.clock.set(now_ + std::chrono::hours{23});
  EXPECT_EQ(fire(body).body, first.body);
}

TEST_F(fire_key_route, a_postponed_fire_is_answered_alike_after_its_instant_has_passed) {
  EXPECT_CALL(api_.engine, execution_created(_, _, _, _));
  const std::string body = R"({"idempotency_key":"k","send_at":"2026-11-24T16:00:00+02:00"})";
  const auto first = fire(body);
  api_.clock.set(now_ + std::chrono::hours{2});
  EXPECT_EQ(fire(body).body, first.body);
}

TEST_F(fire_key_route, another_body_with_the_same_key_is_a_conflict) {
  EXPECT_CALL(api_.engine, execution_created(_, _, _, _));
  ASSERT_EQ(fire(R"({"idempotency_key":"k"})").status, 200);
  const auto other = fire(R"({"idempotency_key":"k","payload_override":{"a":1}})");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.code(), "idempotency_key_conflict");
}

TEST_F(fire_key_route, an_empty_key_is_none_and_a_long_one_is_refused) {
  EXPECT_CALL(api_.engine, execution_created(_, _, _, _)).Times(3);
  for (const std::string body :
       {R"({"idempotency_key":""})", R"({"idempotency_key":""})", R"({"idempotency_key":null})"})
    EXPECT_EQ(fire(body).status, 200);
  EXPECT_EQ(count("executions"), "3");
  EXPECT_EQ(fire(R"({"idempotency_key":")" + std::string(257, 'k') + "\"}").status, 422);
}
