#include "http/authorization/message_authorizer.hpp"

#include <future>

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "domain/json/value.hpp"
#include "http/client/name_resolver.hpp"
#include "http/client/tls_context.hpp"
#include "http/client/webhook_client.hpp"
#include "persistence/redis/shared_keys.hpp"
#include "tests/http/local_receiver.hpp"
#include "tests/http/manual_clock.hpp"
#include "tests/persistence/redis/private_redis.hpp"

namespace cued::http::test {
namespace {

using namespace std::chrono_literals;

const std::string ann = "11111111-1111-4111-8111-111111111111";
const std::string bob = "22222222-2222-4222-8222-222222222222";
const std::string backends = "app.services.authorization_backend:";

message_question from_to(const std::string& sender, const std::string& recipient, const std::string& kind = "message") {
  return {sender, recipient, "agt_aaaaaaaaaaaa", "agt_bbbbbbbbbbbb", kind, std::nullopt};
}

security::url_policy of_the_operator() {
  security::url_policy out;
  out.unguarded = true;
  return out;
}

/// The authorizer that settings choose, over the client that the server has for URLs of its operator.
class authorizers : public testing::Test {
protected:
  ~authorizers() override { sender_.close(); }

  void choose(const std::string& backend, const std::string& hook_url = "",
              persistence::shared_keys* shared = nullptr) {
    settings_.authorization_backend = backend.empty() ? "" : backends + backend;
    settings_.authz_hook_url = hook_url;
    chosen_ = make_message_authorizer(settings_, sender_, clock_, shared);
  }

  bool may(message_question question) {
    std::promise<bool> answer;
    chosen_->authorize(std::move(question), [&](bool allowed) { answer.set_value(allowed); });
    return answer.get_future().get();
  }

  config::settings settings_;
  manual_clock clock_;
  client::name_resolver names_;
  client::webhook_client sender_{{}, of_the_operator(), client::make_tls_context({}).value(), names_, clock_};
  std::unique_ptr<message_authorizer> chosen_;
};

cued::test::local_receiver::script saying(const std::string& answer) {
  return cued::test::answering(cued::test::http_answer("200 OK", answer));
}

TEST_F(authorizers, without_settings_messages_stay_within_an_account) {
  choose("");
  EXPECT_TRUE(may(from_to(ann, ann)));
  EXPECT_FALSE(may(from_to(ann, bob)));
}

TEST_F(authorizers, everyone_may_write_to_everyone) {
  choose("EveryoneAuthorizationBackend");
  EXPECT_TRUE(may(from_to(ann, bob)));
}

TEST_F(authorizers, the_allowlist_opens_pairs_beside_the_own_account) {
  settings_.authz_allowlist = ann + ":" + bob + ", nonsense";
  choose("AllowlistAuthorizationBackend");
  EXPECT_TRUE(may(from_to(ann, bob)));
  EXPECT_FALSE(may(from_to(bob, ann)));
  EXPECT_TRUE(may(from_to(bob, bob)));
}

TEST_F(authorizers, the_same_tenant_by_name_never_asks_the_hook) {
  cued::test::local_receiver hook{saying(R"({"decision": "allow"})")};
  choose("SameTenantAuthorizationBackend", hook.url());
  EXPECT_FALSE(may(from_to(ann, bob)));
  EXPECT_EQ(hook.connections(), 0);
}

TEST_F(authorizers, a_name_that_cannot_be_loaded_leaves_it_to_the_hook) {
  cued::test::local_receiver hook{saying(R"({"decision": "allow"})")};
  choose("SomebodyElsesBackend", hook.url());
  EXPECT_TRUE(may(from_to(ann, bob)));
  choose("SomebodyElsesBackend");
  EXPECT_FALSE(may(from_to(ann, bob)));
}

TEST_F(authorizers, the_hook_decides_also_within_an_account) {
  cued::test::local_receiver hook{saying(R"({"decision": "deny", "reason": "closed"})")};
  choose("", hook.url());
  EXPECT_FALSE(may(from_to(ann, ann)));
  EXPECT_EQ(hook.connections(), 1);
}

TEST_F(authorizers, the_hook_sees_the_question_and_its_signature) {
  std::promise<std::string> seen;
  cued::test::local_receiver hook{[&](cued::test::wire& w) {
    seen.set_value(w.read_request());
    w.write(cued::test::http_answer("200 OK", R"({"decision": "allow"})"));
  }};
  settings_.authz_hook_secret = "hook-secret";
  choose("", hook.url());
  EXPECT_TRUE(may(from_to(ann, bob, "reply_chain")));
  const auto request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /hook HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("X-CueAPI-Signature: v1="), std::string::npos);
  const auto body = json::parse(request.substr(request.find("\r\n\r\n") + 4)).value();
  EXPECT_EQ(body.find("message_kind")->as_string(), "reply_chain");
  EXPECT_EQ(body.find("sender_user_id")->as_string(), ann);
}

TEST_F(authorizers, a_hook_that_gives_no_decision_refuses) {
  for (const auto& bytes :
       {cued::test::http_answer("201 Created", R"({"decision": "allow"})"),
        cued::test::http_answer("200 OK", "no JSON"),
        cued::test::http_answer("302 Found", "", "Location: /elsewhere\r\n"), std::string{"not HTTP\r\n\r\n"}}) {
    cued::test::local_receiver hook{cued::test::answering(bytes)};
    choose("", hook.url());
    EXPECT_FALSE(may(from_to(ann, bob))) << bytes;
    EXPECT_EQ(hook.connections(), 1) << "a redirect is not followed";
  }
}

TEST_F(authorizers, a_hook_that_is_not_there_refuses) {
  std::string url;
  {
    cued::test::local_receiver gone{saying("")};
    url = gone.url();
  }
  choose("", url);
  EXPECT_FALSE(may(from_to(ann, bob)));
}

TEST_F(authorizers, an_answer_is_kept_for_its_users_and_kind_as_long_as_it_says) {
  cued::test::local_receiver hook{saying(R"({"decision": "allow", "cache_ttl": 10})")};
  choose("", hook.url());
  EXPECT_TRUE(may(from_to(ann, bob)));
  EXPECT_TRUE(may(from_to(ann, bob)));
  EXPECT_EQ(hook.connections(), 1);
  EXPECT_TRUE(may(from_to(bob, ann)));
  EXPECT_TRUE(may(from_to(ann, bob, "reply_chain")));
  EXPECT_EQ(hook.connections(), 3);
  clock_.advance(10s);
  EXPECT_TRUE(may(from_to(ann, bob)));
  EXPECT_EQ(hook.connections(), 4);
}

TEST_F(authorizers, an_answer_for_no_time_is_asked_for_again) {
  cued::test::local_receiver hook{saying(R"({"decision": "allow", "cache_ttl": 0})")};
  choose("", hook.url());
  EXPECT_TRUE(may(from_to(ann, bob)));
  EXPECT_TRUE(may(from_to(ann, bob)));
  EXPECT_EQ(hook.connections(), 2);
}

TEST_F(authorizers, with_redis_an_answer_is_kept_there_under_the_references_key) {
  cued::test::private_redis server;
  persistence::redis_client redis{server.settings()};
  persistence::shared_keys keys{redis, "node-1", {}};
  const auto key = "authz:" + ann + ":" + bob + ":message";
  cued::test::local_receiver hook{saying(R"({"decision": "deny", "cache_ttl": 30})")};
  choose("", hook.url(), &keys);
  EXPECT_FALSE(may(from_to(ann, bob)));
  EXPECT_FALSE(may(from_to(ann, bob)));
  EXPECT_EQ(hook.connections(), 1);
  const auto kept = redis.ask_together_and_wait({{"GET", key}, {"TTL", key}}).value();
  EXPECT_EQ(kept.elements.at(0).text, "0");
  EXPECT_GT(kept.elements.at(1).integer, 0);
  EXPECT_LE(kept.elements.at(1).integer, 30);

  ASSERT_TRUE(redis.ask_together_and_wait({{"SET", key, "1"}}));
  EXPECT_TRUE(may(from_to(ann, bob))) << "what another node has learnt counts here too";
  server.kill();
  EXPECT_FALSE(may(from_to(ann, bob))) << "without Redis the hook is asked";
  EXPECT_EQ(hook.connections(), 2);
}

} // namespace
} // namespace cued::http::test
