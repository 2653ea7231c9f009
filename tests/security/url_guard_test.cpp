#include "security/url_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cued::security {
namespace {

using testing::HasSubstr;

const url_policy production{};
const url_policy development{true, false, {}};

url_policy with_loopback() { return {false, true, {}}; }
url_policy with_networks(const std::vector<std::string>& texts) { return {false, false, *parse_networks(texts)}; }

/// Both halves of the guard, with what the name resolves to; a host that is an address is its own answer.
result<void> verdict(std::string_view text, std::vector<std::string_view> resolved, const url_policy& policy) {
  const auto candidate = check_text(text, policy);
  if (!candidate)
    return tl::unexpected(candidate.error());
  std::vector<address> addresses;
  if (const auto literal = literal_address(candidate->parsed))
    addresses = {*literal};
  else
    for (const auto a : resolved)
      addresses.push_back(*address::parse(a));
  return check_addresses(*candidate, addresses, policy);
}

std::string refusal(std::string_view text, std::vector<std::string_view> resolved = {"93.184.216.34"},
                    const url_policy& policy = production) {
  const auto v = verdict(text, std::move(resolved), policy);
  EXPECT_FALSE(v.has_value()) << text;
  if (v)
    return "";
  EXPECT_EQ(v.error().status, 400);
  EXPECT_EQ(v.error().code, "invalid_callback_url");
  return v.error().message;
}

bool allowed(std::string_view text, std::vector<std::string_view> resolved = {"93.184.216.34"},
             const url_policy& policy = production) {
  return verdict(text, std::move(resolved), policy).has_value();
}

TEST(url_guard, public_https_passes) {
  EXPECT_TRUE(allowed("https://example.com/hook?x=1"));
  EXPECT_TRUE(allowed("https://93.184.216.34:8443/"));
  EXPECT_TRUE(allowed("https://[2606:2800:220:1::1]/"));
  EXPECT_TRUE(allowed("https://example.com:22/")); // no port is forbidden
  EXPECT_TRUE(allowed("https://example.com", {"93.184.216.34", "2606:2800:220:1::1"}));
}

// spec/security.md §1.3, rule 1
TEST(url_guard, a_malformed_url_is_refused) {
  for (const std::string_view text : {"https://[::1", "https://[zz]/", "https://h:99999/", "https://h:abc/",
                                      "https://h/ x", " https://h/", "https://h\\@evil.com/", "https://1.2.3.4.5/"})
    EXPECT_EQ(refusal(text), "Invalid URL format") << text;
}

// rule 2
TEST(url_guard, plain_http_is_for_development) {
  EXPECT_THAT(refusal("http://example.com/"), HasSubstr("https"));
  EXPECT_TRUE(allowed("http://example.com/", {"93.184.216.34"}, development));
  EXPECT_TRUE(allowed("https://example.com/", {"93.184.216.34"}, development));
}

TEST(url_guard, other_schemes_are_refused_everywhere) {
  for (const auto* policy : {&production, &development})
    for (const std::string_view text :
         {"ftp://example.com/", "file:///etc/passwd", "not-a-url", "example.com/hook", ""})
      EXPECT_THAT(refusal(text, {"93.184.216.34"}, *policy), HasSubstr("http")) << text;
}

// rule 3
TEST(url_guard, credentials_are_refused) {
  for (const std::string_view text : {"https://user:p@example.com/", "https://user@example.com/",
                                      "https://:p@example.com/", "https://%75@example.com/"})
    EXPECT_THAT(refusal(text), HasSubstr("Credential")) << text;
  EXPECT_TRUE(allowed("https://@example.com/"));
  EXPECT_TRUE(allowed("https://:@example.com/"));
}

// rule 4
TEST(url_guard, a_host_is_required) {
  for (const std::string_view text : {"https://", "https:///path", "https://:443/", "https://?x"})
    EXPECT_THAT(refusal(text), HasSubstr("hostname")) << text;
}

// rule 5
TEST(url_guard, three_names_are_blocked_in_any_case_and_with_a_final_dot) {
  for (const std::string_view text :
       {"https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://LocalHost.:8443/x",
        "https://metadata.google.internal/", "https://Metadata.Google.Internal./", "https://metadata.internal/",
        "https://ｌｏｃａｌｈｏｓｔ/", "https://%6cocalhost/"})
    EXPECT_THAT(refusal(text), HasSubstr("Blocked hostname")) << text;
  EXPECT_TRUE(allowed("https://localhost.example.com/"));
}

// rule 6
TEST(url_guard, a_name_must_resolve) {
  EXPECT_EQ(refusal("https://nowhere.example/", {}), "Cannot resolve hostname: nowhere.example");
}

TEST(url_guard, a_name_that_cannot_exist_is_not_looked_up) {
  const auto label = [](std::size_t n) { return std::string(n, 'a'); };
  for (const std::string& text :
       {std::string("https://a..b/"), std::string("https://.a/"), std::string("https://a../"),
        std::string("https://./"), "https://" + label(64) + ".com/",
        "https://" + label(60) + "." + label(60) + "." + label(60) + "." + label(60) + "." + label(60) + "/"}) {
    const auto candidate = check_text(text, production);
    ASSERT_FALSE(candidate.has_value()) << text;
    EXPECT_THAT(candidate.error().message, HasSubstr("Cannot resolve")) << text;
  }
  EXPECT_TRUE(check_text("https://" + label(63) + ".com./", production));
}

// rule 7
TEST(url_guard, a_name_that_leads_inside_is_blocked) {
  for (const std::string_view inside : {"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "::1",
                                        "::", "fd00:ec2::254", "::ffff:10.0.0.1", "0.0.0.0"})
    EXPECT_THAT(refusal("https://example.com/", {inside}), HasSubstr("blocked")) << inside;
}

TEST(url_guard, one_inside_address_among_public_ones_is_enough) {
  EXPECT_THAT(refusal("https://example.com/", {"93.184.216.34", "10.0.0.1"}), HasSubstr("blocked"));
  EXPECT_THAT(refusal("https://example.com/", {"::1", "93.184.216.34"}), HasSubstr("blocked"));
}

TEST(url_guard, no_notation_of_an_inside_address_slips_through) {
  for (const std::string_view text :
       {"https://127.0.0.1/", "https://127.1/", "https://0x7f.1/", "https://2130706433/", "https://0177.0.0.1/",
        "https://127.0.0.1./", "https://１２７.0.0.1/", "https://%31%32%37.0.0.1/", "https://[::1]/", "https://[::]/",
        "https://[::ffff:127.0.0.1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/", "https://0/", "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/",
        "https://224.0.0.1/"})
    EXPECT_THAT(refusal(text, {}), HasSubstr("blocked")) << text;
}

// spec/security.md §1.5: every row, as the address itself and as what a name leads to
TEST(url_guard, every_blocked_range_is_blocked_in_every_env) {
  constexpr std::string_view four[] = {"127.0.0.1",  "127.255.255.254", "10.0.0.1",    "10.255.255.255",
                                       "172.16.0.1", "172.31.255.255",  "192.168.1.1", "169.254.169.254",
                                       "0.0.0.0",    "0.1.2.3",         "100.64.0.1",  "100.127.255.255",
                                       "198.18.0.1", "198.19.255.255",  "224.0.0.1",   "239.255.255.255",
                                       "240.0.0.1",  "255.255.255.255", "192.0.0.1",   "192.88.99.1"};
  constexpr std::string_view six[] = {
      "::1",     "::",       "fc00::1",      "fdff::1",         "fe80::1", "febf::1",      "fec0::1",
      "ff02::1", "::7f00:1", "64:ff9b:1::1", "2002:808:808::1", "2001::1", "fd00:ec2::254"};
  for (const auto* policy : {&production, &development}) {
    for (const auto a : four) {
      const std::string text{a};
      for (const auto& host : {text, "[::ffff:" + text + "]", "[64:ff9b::" + text + "]"})
        EXPECT_THAT(refusal("https://" + host + "/", {}, *policy), HasSubstr("blocked")) << host;
      EXPECT_THAT(refusal("https://example.com/", {a, "93.184.216.34"}, *policy), HasSubstr("blocked")) << a;
    }
    for (const auto a : six) {
      EXPECT_THAT(refusal("https://[" + std::string{a} + "]/", {}, *policy), HasSubstr("blocked")) << a;
      EXPECT_THAT(refusal("https://example.com/", {"93.184.216.34", a}, *policy), HasSubstr("blocked")) << a;
    }
  }
}

TEST(url_guard, the_borders_of_the_ranges_and_the_documentation_ranges_pass) {
  for (const std::string_view a : {"172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "198.20.0.0",
                                   "93.184.216.34", "192.0.2.1", "198.51.100.1", "203.0.113.1"})
    for (const auto& host : {std::string{a}, "[::ffff:" + std::string{a} + "]"})
      EXPECT_TRUE(allowed("https://" + host + "/", {})) << host;
  EXPECT_TRUE(allowed("https://[2001:db8::1]/", {}));
}

TEST(url_guard, the_operators_own_urls_may_lead_anywhere) {
  url_policy policy;
  policy.unguarded = true;
  for (const std::string_view text :
       {"http://127.0.0.1:9000/", "https://10.0.0.1/", "http://[::1]/", "http://[fd00::1]/"})
    EXPECT_TRUE(allowed(text, {}, policy)) << text;
  EXPECT_TRUE(allowed("http://localhost:9000/", {"127.0.0.1"}, policy));
  EXPECT_TRUE(allowed("http://hook.internal/", {"10.0.0.1", "93.184.216.34"}, policy));
  EXPECT_THAT(refusal("http://hook.internal/", {}, policy), HasSubstr("Cannot resolve"));
  EXPECT_THAT(refusal("http://u:p@hook.internal/", {"10.0.0.1"}, policy), HasSubstr("Credential"));
  EXPECT_THAT(refusal("ftp://hook.internal/", {"10.0.0.1"}, policy), HasSubstr("http"));
}

TEST(url_guard, development_alone_opens_nothing) {
  EXPECT_THAT(refusal("http://127.0.0.1:9000/", {}, development), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://localhost:9000/", {"127.0.0.1"}, development), HasSubstr("Blocked hostname"));
  EXPECT_THAT(refusal("http://example.com/", {"192.168.0.1"}, development), HasSubstr("blocked"));
}

// spec/security.md §1.7, spec/clients.md §10
TEST(url_guard, the_loopback_switch_opens_this_machine_for_http_too) {
  for (const std::string_view text : {"http://127.0.0.1:9000/", "http://127.8.8.8/", "http://[::1]:9000/",
                                      "https://127.0.0.1/", "http://[::ffff:127.0.0.1]/"})
    EXPECT_TRUE(allowed(text, {}, with_loopback())) << text;
  EXPECT_TRUE(allowed("http://localhost:9000/", {"127.0.0.1", "::1"}, with_loopback()));
  EXPECT_TRUE(allowed("http://LOCALHOST./", {"127.0.0.1"}, with_loopback()));
}

TEST(url_guard, the_loopback_switch_opens_nothing_else) {
  const auto policy = with_loopback();
  EXPECT_THAT(refusal("http://localhost/", {"10.0.0.1"}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://10.0.0.1/", {}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://[::]/", {}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://0.0.0.0/", {}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://metadata.internal/", {"127.0.0.1"}, policy), HasSubstr("Blocked hostname"));
  EXPECT_THAT(refusal("http://user:p@127.0.0.1/", {}, policy), HasSubstr("Credential"));
  EXPECT_THAT(refusal("http://example.com/", {"93.184.216.34"}, policy), HasSubstr("https"));
  EXPECT_THAT(refusal("http://example.com/", {"127.0.0.1", "93.184.216.34"}, policy), HasSubstr("https"));
}

TEST(url_guard, named_networks_are_opened_exactly) {
  const auto policy = with_networks({"10.1.0.0/16", "fd12::/64", "192.168.7.7"});
  EXPECT_TRUE(allowed("http://10.1.2.3/", {}, policy));
  EXPECT_TRUE(allowed("https://10.1.2.3/", {}, policy));
  EXPECT_TRUE(allowed("http://receiver.internal/", {"10.1.2.3", "fd12::5"}, policy));
  EXPECT_TRUE(allowed("http://[::ffff:10.1.2.3]/", {}, policy));
  EXPECT_TRUE(allowed("http://192.168.7.7/", {}, policy));
  EXPECT_THAT(refusal("http://10.2.0.1/", {}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://192.168.7.8/", {}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://127.0.0.1/", {}, policy), HasSubstr("blocked"));
  EXPECT_THAT(refusal("http://localhost/", {"10.1.2.3"}, policy), HasSubstr("Blocked hostname"));
  EXPECT_THAT(refusal("http://example.com/", {"93.184.216.34"}, policy), HasSubstr("https"));
}

TEST(url_guard, a_network_that_is_none_is_refused_by_name) {
  const auto parsed = parse_networks({"10.0.0.0/8", "10.0.0.1/8"});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message, HasSubstr("10.0.0.1/8"));
}

// spec/delivery.md §5.4
TEST(url_guard, every_refused_attempt_says_blocked) {
  for (const auto& message :
       {refusal("https://localhost/"), refusal("https://nowhere.example/", {}), refusal("https://10.0.0.1/"),
        refusal("http://example.com/"), refusal("https://u@example.com/"), refusal("https://[")})
    EXPECT_THAT(blocked_attempt_text(error{400, "invalid_callback_url", message, {}, std::nullopt}),
                HasSubstr("blocked"));
}

} // namespace
} // namespace cued::security
