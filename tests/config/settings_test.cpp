#include "config/settings.hpp"

#include <gmock/gmock.h>

#include "config/report.hpp"
#include "config/setting_table.hpp"

namespace cued::config {

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

sources environment(std::map<std::string, std::string> values) {
  values.try_emplace("HOME", "/home/ada");
  return {{}, std::move(values), std::nullopt};
}

sources dotenv(std::string text) {
  auto from = environment({});
  from.dotenv = std::move(text);
  return from;
}

loaded_settings loaded(const sources& from) {
  auto result = load(from);
  if (!result)
    ADD_FAILURE() << describe(result.error());
  return result ? *result : loaded_settings{};
}

/// The names of the variables that are complained about.
std::vector<std::string> refused(const sources& from) {
  std::vector<std::string> names;
  if (const auto result = load(from); !result)
    for (const auto& one : result.error())
      names.push_back(one.field);
  return names;
}

const std::map<std::string, std::string> production{{"ENV", "production"},
                                                    {"SESSION_SECRET", std::string(32, 's')},
                                                    {"BASE_URL", "https://cue.example"},
                                                    {"ALLOW_REGISTER", "false"}};

sources production_with(std::map<std::string, std::string> more) {
  more.insert(production.begin(), production.end());
  return environment(std::move(more));
}

} // namespace

TEST(settings, without_any_source_the_defaults_of_the_reference_hold) {
  const auto settings = loaded(environment({})).values;
  EXPECT_EQ(settings.port, 8000);
  EXPECT_EQ(settings.poller_interval_seconds, 5);
  EXPECT_EQ(settings.worker_claim_timeout_seconds, 900);
  EXPECT_EQ(settings.priority_4_debounce_seconds, 2.0);
  EXPECT_EQ(settings.env, "development");
  EXPECT_TRUE(settings.allow_register);
  EXPECT_TRUE(settings.embedded_database());
  EXPECT_FALSE(settings.webhook_allow_loopback);
}

TEST(settings, flags_win_over_environment_over_dotenv_over_default) {
  sources from{{{"PORT", "4"}}, {{"HOME", "/h"}, {"PORT", "3"}, {"HOST", "env"}}, "PORT=2\nHOST=file\nENV=test\n"};
  const auto out = loaded(from);
  EXPECT_EQ(out.values.port, 4);
  EXPECT_EQ(out.values.host, "env");
  EXPECT_EQ(out.values.env, "test");
  EXPECT_EQ(out.origins.at("PORT"), origin::flag);
  EXPECT_EQ(out.origins.at("HOST"), origin::environment);
  EXPECT_EQ(out.origins.at("ENV"), origin::dotenv_file);
  EXPECT_FALSE(out.origins.contains("LOG_LEVEL"));
}

TEST(settings, names_are_case_insensitive_and_upper_case_wins) {
  EXPECT_EQ(loaded(environment({{"port", "99"}})).values.port, 99);
  EXPECT_EQ(loaded(dotenv("Port=98")).values.port, 98);
  EXPECT_EQ(loaded(environment({{"PORT", "1"}, {"port", "2"}})).values.port, 1);
}

TEST(settings, a_later_line_of_the_dotenv_wins) { EXPECT_EQ(loaded(dotenv("PORT=1\nport=2")).values.port, 2); }

TEST(settings, unknown_names_are_a_warning_in_dotenv_nothing_in_the_environment_and_refused_as_flags) {
  EXPECT_THAT(loaded(environment({{"POSTGRES_PASSWORD", "x"}})).warnings, IsEmpty());
  const auto warnings = loaded(dotenv("POSTGRES_PASSWORD=hunter2\nPORT=1")).warnings;
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("POSTGRES_PASSWORD")));
  EXPECT_THAT(warnings, Not(Contains(HasSubstr("hunter2"))));
  auto flags = environment({});
  flags.flags = {{"PROT", "1"}};
  EXPECT_THAT(refused(flags), ElementsAre("PROT"));
}

TEST(settings, a_bad_value_names_its_variable_and_all_of_them_are_told_at_once) {
  EXPECT_THAT(refused(environment({{"PORT", "many"}, {"ALLOW_REGISTER", "perhaps"}, {"LOG_FORMAT", "xml"}})),
              ElementsAre("PORT", "ALLOW_REGISTER", "LOG_FORMAT"));
  EXPECT_THAT(refused(environment({{"PORT", ""}})), ElementsAre("PORT"));
  EXPECT_THAT(refused(environment({{"ALLOW_REGISTER", ""}})), ElementsAre("ALLOW_REGISTER"));
}

TEST(settings, ranges_are_enforced) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"DATABASE_POOL_SIZE", "0"},
                                                        {"PORT", "65536"},
                                                        {"POLLER_BATCH_SIZE", "-1"},
                                                        {"NODE_LEASE_SECONDS", "2"},
                                                        {"NODE_LEASE_SECONDS", "3601"},
                                                        {"EXECUTION_STALE_AFTER_SECONDS", "59"},
                                                        {"MESSAGE_TTL_DAYS", "36501"},
                                                        {"PRIORITY_4_DEBOUNCE_SECONDS", "-0.1"}})
    EXPECT_THAT(refused(environment({{name, value}})), Contains(name)) << value;
}

TEST(settings, a_short_heartbeat_ttl_is_raised_and_told) {
  const auto out = loaded(environment({{"POLLER_HEARTBEAT_TTL_SECONDS", "10"}}));
  EXPECT_EQ(out.values.poller_heartbeat_ttl_seconds, 31);
  EXPECT_THAT(out.warnings, ElementsAre(HasSubstr("POLLER_HEARTBEAT_TTL_SECONDS")));
}

TEST(settings, derived_values_have_one_form) {
  const auto out = loaded(
      environment({{"BASE_URL", "https://cue.example//"}, {"RAILWAY_REPLICA_ID", "r1"}, {"DATA_DIR", "x/../y"}}));
  EXPECT_EQ(out.values.base_url, "https://cue.example");
  EXPECT_EQ(out.values.node_name, "r1");
  EXPECT_THAT(out.values.data_dir, ::testing::AllOf(::testing::StartsWith("/"), ::testing::EndsWith("/y")));
  EXPECT_EQ(loaded(environment({{"RAILWAY_REPLICA_ID", "r1"}, {"NODE_NAME", "n1"}})).values.node_name, "n1");
  EXPECT_FALSE(loaded(environment({})).values.node_name.empty());
  EXPECT_FALSE(loaded(environment({})).values.data_dir.empty());
}

TEST(settings, time_zones_are_looked_for_in_the_data_directory_unless_told_otherwise) {
  EXPECT_EQ(loaded(environment({{"DATA_DIR", "/srv/cued"}})).values.tzdata_dir, "/srv/cued/zoneinfo");
  EXPECT_EQ(loaded(environment({{"TZDATA_DIR", "/srv/zones"}})).values.tzdata_dir, "/srv/zones");
}

TEST(settings, half_set_combinations_name_what_is_missing) {
  EXPECT_THAT(refused(environment({{"EXTERNAL_AUTH_BACKEND", "true"}})), ElementsAre("INTERNAL_AUTH_TOKEN"));
  EXPECT_THAT(refused(environment({{"RESEND_API_KEY", "k"}})), ElementsAre("RESEND_FROM_EMAIL"));
  EXPECT_THAT(refused(environment({{"ENV", "production"}})), ElementsAre("SESSION_SECRET"));
}

TEST(settings, deliveries_must_be_over_before_they_are_taken_for_lost) {
  EXPECT_THAT(refused(environment({{"WEBHOOK_TIMEOUT_SECONDS", "300"}})), ElementsAre("WEBHOOK_TIMEOUT_SECONDS"));
  EXPECT_THAT(refused(environment({{"WEBHOOK_TIMEOUT_SECONDS", "299"}})), IsEmpty());
}

TEST(settings, production_refuses_weak_and_published_session_secrets) {
  for (const char* secret :
       {"", "short", "change-this-to-a-long-random-string", "local-dev-secret-key-change-in-production"})
    EXPECT_THAT(refused(environment({{"ENV", "production"}, {"SESSION_SECRET", secret}})),
                ElementsAre("SESSION_SECRET"))
        << secret;
  EXPECT_THAT(loaded(production_with({})).warnings, IsEmpty());
}

TEST(settings, production_warns_of_open_registration_and_plain_http) {
  auto values = production;
  values["ALLOW_REGISTER"] = "true";
  values["BASE_URL"] = "http://cue.example";
  EXPECT_THAT(loaded(environment(values)).warnings, ElementsAre(HasSubstr("ALLOW_REGISTER"), HasSubstr("BASE_URL")));
}

TEST(settings, loopback_webhooks_in_production_need_a_confirmation) {
  EXPECT_THAT(loaded(environment({{"WEBHOOK_ALLOW_LOOPBACK", "true"}})).warnings,
              ElementsAre(HasSubstr("WEBHOOK_ALLOW_LOOPBACK")));
  EXPECT_THAT(refused(production_with({{"WEBHOOK_ALLOW_LOOPBACK", "true"}})), ElementsAre("WEBHOOK_ALLOW_LOOPBACK"));
  EXPECT_THAT(
      refused(production_with({{"WEBHOOK_ALLOW_LOOPBACK", "true"}, {"WEBHOOK_ALLOW_LOOPBACK_IN_PRODUCTION", "true"}})),
      IsEmpty());
}

TEST(settings, the_internal_token_must_be_long_and_warns_when_it_opens_nothing) {
  EXPECT_THAT(refused(environment({{"INTERNAL_AUTH_TOKEN", "short"}})), ElementsAre("INTERNAL_AUTH_TOKEN"));
  EXPECT_THAT(loaded(environment({{"INTERNAL_AUTH_TOKEN", std::string(32, 't')}})).warnings,
              ElementsAre(HasSubstr("INTERNAL_AUTH_TOKEN")));
}

TEST(settings, authorization_backends_that_cannot_be_loaded_or_compete_are_told) {
  EXPECT_THAT(loaded(environment({{"AUTHORIZATION_BACKEND", "my.module:Class"}})).warnings,
              ElementsAre(HasSubstr("AUTHORIZATION_BACKEND")));
  EXPECT_THAT(
      loaded(environment({{"AUTHORIZATION_BACKEND", "app.services.authorization_backend:EveryoneAuthorizationBackend"},
                          {"AUTHZ_HOOK_URL", "http://hook"},
                          {"AUTHZ_HOOK_SECRET", "s"}}))
          .warnings,
      ElementsAre(HasSubstr("the first wins")));
  EXPECT_THAT(loaded(environment({{"AUTHZ_HOOK_URL", "http://hook"}})).warnings, ElementsAre(HasSubstr("not signed")));
}

TEST(settings, malformed_urls_networks_and_origins_are_refused) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"DATABASE_URL", "mysql://x"},
                                                        {"REDIS_URL", "localhost:6379"},
                                                        {"BASE_URL", "cue.example"},
                                                        {"AUTHZ_HOOK_URL", "ftp://x"},
                                                        {"FORWARDED_ALLOW_IPS", "proxy"},
                                                        {"WEBHOOK_ALLOW_NETWORKS", "10.0.0.0/99"},
                                                        {"WEBHOOK_EGRESS_PROXY", "socks5://proxy:1080"},
                                                        {"CORS_ORIGINS", "https://a/b"},
                                                        {"HOST", ""}})
    EXPECT_THAT(refused(environment({{name, value}})), ElementsAre(name)) << value;
}

TEST(settings, lists_are_comma_separated) {
  const auto values =
      loaded(environment({{"FORWARDED_ALLOW_IPS", "10.0.0.0/8, ::1"}, {"CORS_ORIGINS", "https://a, http://b:1"}}))
          .values;
  EXPECT_THAT(values.forwarded_allow_ips, ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_THAT(values.cors_origins, ElementsAre("https://a", "http://b:1"));
}

TEST(settings, an_assignment_is_split_at_the_first_equals_sign) {
  EXPECT_EQ(split_assignment("A=b=c"), (std::pair<std::string, std::string>{"A", "b=c"}));
  EXPECT_EQ(split_assignment("A="), (std::pair<std::string, std::string>{"A", ""}));
  EXPECT_EQ(split_assignment("=b"), std::nullopt);
  EXPECT_EQ(split_assignment("A"), std::nullopt);
}

TEST(setting_table, what_is_printed_can_be_read_back) {
  const auto values =
      loaded(environment({{"CORS_ORIGINS", "https://a,https://b"}, {"PRIORITY_4_DEBOUNCE_SECONDS", "0.25"}})).values;
  for (const auto& row : setting_table()) {
    settings copy;
    EXPECT_EQ(assign(row, copy, text_of(row, values)), std::nullopt) << row.name;
    EXPECT_EQ(text_of(row, copy), text_of(row, values)) << row.name;
  }
}

TEST(setting_table, names_are_upper_case_and_there_is_one_row_each) {
  std::set<std::string> names;
  for (const auto& row : setting_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(std::string{row.name}.find_first_of("abcdefghijklmnopqrstuvwxyz -"), std::string::npos) << row.name;
    EXPECT_EQ(find_setting(row.name), &row);
  }
}

TEST(settings, a_certificate_and_its_key_come_together) {
  EXPECT_THAT(refused(environment({{"TLS_CERT_FILE", "/a.crt"}})), ElementsAre("TLS_KEY_FILE"));
  EXPECT_THAT(refused(environment({{"TLS_KEY_FILE", "/a.key"}})), ElementsAre("TLS_CERT_FILE"));
  EXPECT_THAT(refused(environment({{"TLS_CERT_FILE", "/a.crt"}, {"TLS_KEY_FILE", "/a.key"}})), IsEmpty());
}

TEST(settings, every_range_of_the_specification_holds_at_both_ends) {
  struct range {
    const char* name;
    const char *below, *least, *most, *above;
  };
  for (const auto& [name, below, least, most, above] :
       std::vector<range>{{"DATABASE_POOL_SIZE", "0", "1", "1000", "1001"},
                          {"DATABASE_MAX_OVERFLOW", "-1", "0", "1000", "1001"},
                          {"PORT", "-1", "0", "65535", "65536"},
                          {"POLLER_INTERVAL_SECONDS", "0", "1", "3600", "3601"},
                          {"POLLER_BATCH_SIZE", "0", "1", "100000", "100001"},
                          {"POLLER_LEADER_LOCK_TTL_SECONDS", "4", "5", "2147483647", "2147483648"},
                          {"EXECUTION_STALE_AFTER_SECONDS", "59", "60", "2147483647", "2147483648"},
                          {"WEBHOOK_TIMEOUT_SECONDS", "0", "1", "299", "601"},
                          {"WEBHOOK_CONCURRENCY_PER_WORKER", "0", "1", "10000", "10001"},
                          {"MAX_CONCURRENT_DELIVERIES_PER_USER", "0", "1", "2147483647", "2147483648"},
                          {"WORKER_HEARTBEAT_TIMEOUT_SECONDS", "9", "10", "2147483647", "2147483648"},
                          {"WORKER_CLAIM_TIMEOUT_SECONDS", "9", "10", "2147483647", "2147483648"},
                          {"WORKER_UNCLAIMED_TIMEOUT_SECONDS", "9", "10", "2147483647", "2147483648"},
                          {"MESSAGE_TTL_DAYS", "0", "1", "36500", "36501"},
                          {"MESSAGE_DELIVERY_STALE_AFTER_SECONDS", "59", "60", "2147483647", "2147483648"},
                          {"PRIORITY_4_DEBOUNCE_SECONDS", "-0.1", "0", "3600", "3600.1"},
                          {"DIGEST_PERIOD_SECONDS", "0", "1", "2147483647", "2147483648"},
                          {"DIGEST_MIN_BATCH_SIZE", "0", "1", "2147483647", "2147483648"}}) {
    for (const auto* bad : {below, above})
      EXPECT_THAT(refused(environment({{name, bad}})), Contains(name)) << bad;
    for (const auto* good : {least, most})
      EXPECT_THAT(refused(environment({{name, good}})), ::testing::Not(Contains(name))) << name << "=" << good;
  }
}

TEST(settings, every_variable_of_the_reference_has_a_row) {
  for (const char* name : {"DATABASE_URL",
                           "DATABASE_POOL_SIZE",
                           "DATABASE_MAX_OVERFLOW",
                           "REDIS_URL",
                           "HOST",
                           "PORT",
                           "BASE_URL",
                           "ENV",
                           "POLLER_INTERVAL_SECONDS",
                           "POLLER_BATCH_SIZE",
                           "POLLER_HEARTBEAT_TTL_SECONDS",
                           "POLLER_LEADER_LOCK_TTL_SECONDS",
                           "EXECUTION_STALE_AFTER_SECONDS",
                           "WEBHOOK_TIMEOUT_SECONDS",
                           "WEBHOOK_CONCURRENCY_PER_WORKER",
                           "MAX_CONCURRENT_DELIVERIES_PER_USER",
                           "WORKER_HEARTBEAT_TIMEOUT_SECONDS",
                           "WORKER_CLAIM_TIMEOUT_SECONDS",
                           "WORKER_UNCLAIMED_TIMEOUT_SECONDS",
                           "RAILWAY_REPLICA_ID",
                           "MESSAGE_TTL_DAYS",
                           "MESSAGE_DELIVERY_STALE_AFTER_SECONDS",
                           "PRIORITY_4_DEBOUNCE_SECONDS",
                           "DIGEST_PERIOD_SECONDS",
                           "DIGEST_MIN_BATCH_SIZE",
                           "SESSION_SECRET",
                           "ALLOW_REGISTER",
                           "EXTERNAL_AUTH_BACKEND",
                           "INTERNAL_AUTH_TOKEN",
                           "AUTHORIZATION_BACKEND",
                           "AUTHZ_HOOK_URL",
                           "AUTHZ_HOOK_SECRET",
                           "AUTHZ_ALLOWLIST",
                           "RESEND_API_KEY",
                           "RESEND_FROM_EMAIL",
                           "RESEND_API_URL",
                           "DISABLE_CUE_PRIMITIVE",
                           "DISABLE_QUOTA_ENFORCEMENT",
                           "DISABLE_DEVICE_CODE",
                           "FORWARDED_ALLOW_IPS",
                           "SSL_CERT_FILE",
                           "SSL_CERT_DIR",
                           "WEBHOOK_ALLOW_LOOPBACK",
                           "CORS_ORIGINS"})
    EXPECT_NE(find_setting(name), nullptr) << name;
}

TEST(settings, production_refuses_every_kind_of_bad_session_secret) {
  for (const char* secret : {"", "short", "1234567890123456789012345678901", "change-this-to-a-long-random-string",
                             "local-dev-secret-key-change-in-production"}) {
    auto from = production_with({});
    from.environment["SESSION_SECRET"] = secret;
    EXPECT_THAT(refused(from), ElementsAre("SESSION_SECRET")) << secret;
    auto file = environment({{"SESSION_SECRET", secret}});
    file.dotenv = "ENV=production\nBASE_URL=https://cue.example\n";
    EXPECT_THAT(refused(file), ElementsAre("SESSION_SECRET")) << secret;
  }
}

TEST(settings, doubtful_choices_in_production_are_warnings) {
  auto from = production_with({{"BASE_URL", "http://cue.example"}, {"ALLOW_REGISTER", "true"}});
  EXPECT_THAT(loaded(from).warnings,
              ::testing::UnorderedElementsAre(HasSubstr("ALLOW_REGISTER"), HasSubstr("BASE_URL")));
  EXPECT_THAT(loaded(production_with({})).warnings, IsEmpty());
  EXPECT_THAT(loaded(environment({{"ENV", "Production"}})).warnings, ElementsAre(HasSubstr("ENV=Production")));
}

TEST(settings, any_peer_may_be_declared_a_proxy) {
  EXPECT_THAT(loaded(environment({{"FORWARDED_ALLOW_IPS", "*"}})).values.forwarded_allow_ips, ElementsAre("*"));
  EXPECT_THAT(loaded(environment({{"FORWARDED_ALLOW_IPS", ""}})).values.forwarded_allow_ips, IsEmpty());
}

TEST(report, no_odd_spelling_of_a_url_shows_its_password) {
  for (const char* url : {"postgres://ada:love?lace@db/cue", "postgres://ada:love@lace@db/cue",
                          "postgres://ada:x@db/cue?a=1&password=lace",
                          "postgres://db/cue?sslpassword=lace&password=love", "postgres://ada:love/lace@db/cue"}) {
    const auto shown = without_password(url);
    EXPECT_THAT(shown, ::testing::Not(HasSubstr("love"))) << shown;
    EXPECT_THAT(shown, ::testing::Not(HasSubstr("lace"))) << shown;
  }
  EXPECT_EQ(without_password("postgres://ada@db/cue"), "postgres://ada@db/cue");
  EXPECT_EQ(without_password("postgres:///cue?host=/run"), "postgres:///cue?host=/run");
}

TEST(report, what_must_never_be_shown_is_known) {
  const auto values = loaded(environment({{"SESSION_SECRET", "tiger-tiger-tiger-tiger-tiger-tiger"},
                                          {"DATABASE_URL", "postgres://ada:lovelace@db/cue?password=byron"},
                                          {"REDIS_URL", "redis://redis:6379/0"}}))
                          .values;
  EXPECT_THAT(secret_values(values),
              ::testing::UnorderedElementsAre("tiger-tiger-tiger-tiger-tiger-tiger", "lovelace", "byron"));
}

TEST(report, secrets_are_masked_and_sources_named) {
  const auto text = describe(loaded(environment({{"SESSION_SECRET", "tiger-tiger-tiger-tiger-tiger-tiger"},
                                                 {"DATABASE_URL", "postgres://ada:lovelace@db/cue?password=lovelace"},
                                                 {"REDIS_URL", "redis://:lovelace@redis:6379/0"},
                                                 {"PORT", "81"}})));
  EXPECT_THAT(text, Not(HasSubstr("tiger")));
  EXPECT_THAT(text, Not(HasSubstr("lovelace")));
  EXPECT_THAT(text, HasSubstr("postgres://ada:***@db/cue?password=***"));
  EXPECT_THAT(text, HasSubstr("redis://:***@redis:6379/0"));
  EXPECT_THAT(text, ::testing::ContainsRegex("PORT +81 +environment"));
  EXPECT_THAT(text, ::testing::ContainsRegex("LOG_LEVEL +info +default"));
}

TEST(report, the_documentation_has_a_line_for_every_variable) {
  const auto text = markdown_reference();
  for (const auto& row : setting_table())
    EXPECT_THAT(text, HasSubstr("| `" + std::string{row.name} + "` |"));
  EXPECT_THAT(text, HasSubstr("| `POLLER_INTERVAL_SECONDS` | integer | `5` | s | 1 to 3600 |"));
  EXPECT_THAT(text, HasSubstr("once or both"));
}

} // namespace cued::config
