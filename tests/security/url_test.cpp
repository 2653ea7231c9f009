#include "security/url.hpp"

#include <random>

#include <gtest/gtest.h>

namespace cued::security {
namespace {

/// The normal form, or the text of the problem.
std::string normal(std::string_view text) {
  const auto u = normalise_url(text);
  return u ? u->text : u.error().message;
}

struct example {
  std::string_view written, normal;
};

// spec/cues.md §3.4, spec/security.md §1.2; the others were compared with the reference's own parser
constexpr example examples[] = {
    {"https://EXAMPLE.com", "https://example.com/"},
    {"https://h:443/a b?x=ü#f", "https://h/a%20b?x=%C3%BC#f"},
    {"https://93.184.216.34", "https://93.184.216.34/"},
    {"http:///x", "http://x/"},
    {"http:x", "http://x/"},
    {"http:\\\\x\\y", "http://x/y"},
    {"HTTP://Ex%41mple.com:80", "http://example.com/"},
    {"\x01 http://h/ \x1f", "http://h/"},
    {"ht\ntp://h\t/a\r\nb", "http://h/ab"},
    // ports
    {"http://h:/", "http://h/"},
    {"http://h:0080/", "http://h/"},
    {"https://h:80/", "https://h:80/"},
    {"http://h:0/", "http://h:0/"},
    {"http://h:65535/", "http://h:65535/"},
    // IPv4 in any notation
    {"http://127.1", "http://127.0.0.1/"},
    {"http://0x7f.1", "http://127.0.0.1/"},
    {"http://0X7F.0.0.1", "http://127.0.0.1/"},
    {"http://2130706433", "http://127.0.0.1/"},
    {"http://0177.0.0.1", "http://127.0.0.1/"},
    {"http://017700000001", "http://127.0.0.1/"},
    {"http://127.0.0.1.", "http://127.0.0.1/"},
    {"http://1.2.3", "http://1.2.0.3/"},
    {"http://0x", "http://0.0.0.0/"},
    {"http://0xffffffff", "http://255.255.255.255/"},
    {"http://１２７.0.0.1", "http://127.0.0.1/"},
    {"http://①②⑦.0.0.1", "http://127.0.0.1/"},
    {"http://%31%32%37.0.0.1", "http://127.0.0.1/"},
    {"http://127。0。0。1", "http://127.0.0.1/"},
    // IPv6
    {"http://[::FFFF:127.0.0.1]:80", "http://[::ffff:7f00:1]/"},
    {"http://[0:0:0:0:0:0:0:0]:8080", "http://[::]:8080/"},
    {"http://[2001:db8:0:0:1:0:0:1]", "http://[2001:db8::1:0:0:1]/"},
    // names
    {"http://faß.de", "http://xn--fa-hia.de/"},
    {"http://BÜCHER.example", "http://xn--bcher-kva.example/"},
    {"http://XN--FA-HIA.de", "http://xn--fa-hia.de/"},
    {"http://ＬＯＣＡＬＨＯＳＴ", "http://localhost/"},
    {"http://loc\u00adalhost", "http://localhost/"},
    {"http://a。b", "http://a.b/"},
    {"http://a_b.com", "http://a_b.com/"},
    {"http://a..b", "http://a..b/"},
    {"http://localhost.", "http://localhost./"},
    {"http://1a.2b", "http://1a.2b/"},
    // credentials
    {"http://u:p@h", "http://u:p@h/"},
    {"http://@h", "http://h/"},
    {"http://:@h", "http://h/"},
    {"http://:p@h", "http://:p@h/"},
    {"http://user:@h", "http://user@h/"},
    {"http://a@b@c", "http://a%40b@c/"},
    {"http://us er:p\"w@h", "http://us%20er:p%22w@h/"},
    // path, query, fragment
    {"http://h/a/./b/../c/..", "http://h/a/"},
    {"http://h/../../a", "http://h/a"},
    {"http://h/%2e%2E/x", "http://h/x"},
    {"http://h/a/.", "http://h/a/"},
    {"http://h/...", "http://h/..."},
    {"http://h//a//b/../c", "http://h//a//c"},
    {"http://h/a\\b", "http://h/a/b"},
    {"http://h?x", "http://h/?x"},
    {"http://h#x", "http://h/#x"},
    {"http://h/?", "http://h/?"},
    {"http://h/#", "http://h/#"},
    {"http://h/a{}|`^\"<>'x", "http://h/a%7B%7D|%60^%22%3C%3E'x"},
    {"http://h/?{}|`^\"<>'x\\", "http://h/?{}|`^%22%3C%3E%27x\\"},
    {"http://h/#{}|`^\"<>'x\\", "http://h/#{}|%60^%22%3C%3E'x\\"},
    {"http://h/%", "http://h/%"},
    {"http://h/\x7F\xC2\xA0", "http://h/%7F%C2%A0"},
};

TEST(url, has_one_normal_form) {
  for (const auto& [written, expected] : examples)
    EXPECT_EQ(normal(written), expected) << written;
}

TEST(url, a_normal_form_is_its_own_also_when_read_strictly) {
  for (const auto& [written, expected] : examples) {
    EXPECT_EQ(normal(expected), expected);
    const auto strictly = parse_url_strictly(expected);
    ASSERT_TRUE(strictly.has_value()) << expected;
    EXPECT_EQ(*strictly, *parse_url(written));
  }
}

// spec/http.md §3.2
TEST(url, problems_are_named) {
  constexpr example refusals[] = {
      {"", "Input should be a valid URL, input is empty"},
      {"   ", "Input should be a valid URL, relative URL without a base"},
      {"example.com", "Input should be a valid URL, relative URL without a base"},
      {"/x", "Input should be a valid URL, relative URL without a base"},
      {"//x", "Input should be a valid URL, relative URL without a base"},
      {"1http://x", "Input should be a valid URL, relative URL without a base"},
      {"http://", "Input should be a valid URL, empty host"},
      {"http:", "Input should be a valid URL, empty host"},
      {"http://\u00ad/", "Input should be a valid URL, empty host"},
      {"http://u@/", "Input should be a valid URL, empty host"},
      {"http://:80/", "Input should be a valid URL, empty host"},
      {"ftp://x", "URL scheme should be 'http' or 'https'"},
      {"javascript:alert(1)", "URL scheme should be 'http' or 'https'"},
      {"http://h:65536/", "Input should be a valid URL, invalid port number"},
      {"http://h:99999999999/", "Input should be a valid URL, invalid port number"},
      {"http://h:abc/", "Input should be a valid URL, invalid port number"},
      {"http://h:80:80/", "Input should be a valid URL, invalid port number"},
      {"http://h:-1/", "Input should be a valid URL, invalid port number"},
      {"http://[::1", "Input should be a valid URL, invalid IPv6 address"},
      {"http://[::1]x/", "Input should be a valid URL, invalid IPv6 address"},
      {"http://[fe80::1%25eth0]/", "Input should be a valid URL, invalid IPv6 address"},
      {"http://[127.0.0.1]/", "Input should be a valid URL, invalid IPv6 address"},
      {"http://[]/", "Input should be a valid URL, invalid IPv6 address"},
      {"http://256.1.1.1/", "Input should be a valid URL, invalid IPv4 address"},
      {"http://1.2.3.4.5/", "Input should be a valid URL, invalid IPv4 address"},
      {"http://1.2.3.08/", "Input should be a valid URL, invalid IPv4 address"},
      {"http://4294967296/", "Input should be a valid URL, invalid IPv4 address"},
      {"http://18446744073709551617/", "Input should be a valid URL, invalid IPv4 address"},
      {"http://1..2/", "Input should be a valid URL, invalid IPv4 address"},
      {"http://foo.0x4", "Input should be a valid URL, invalid IPv4 address"},
      {"http://ex ample.com", "Input should be a valid URL, invalid international domain name"},
      {"http://a%00b/", "Input should be a valid URL, invalid international domain name"},
      {"http://a%2fb/", "Input should be a valid URL, invalid international domain name"},
      {"http://a%zz/", "Input should be a valid URL, invalid international domain name"},
      {"http://a<b/", "Input should be a valid URL, invalid international domain name"},
      {"http://xn--a/", "Input should be a valid URL, invalid international domain name"},
      {"http://%FF/", "Input should be a valid URL, invalid international domain name"},
  };
  for (const auto& [written, message] : refusals) {
    const auto u = normalise_url(written);
    ASSERT_FALSE(u.has_value()) << written << " is " << u->text;
    EXPECT_EQ(u.error().status, 422);
    EXPECT_EQ(u.error().code, "validation_error");
    EXPECT_EQ(u.error().message, message) << written;
  }
}

TEST(url, what_is_sent_may_have_2083_bytes_and_its_normal_form_more) {
  const std::string longest = "http://h/" + std::string(url_bytes_max - 9, 'a');
  EXPECT_EQ(normal(longest), longest);
  EXPECT_EQ(normal(longest + "a"), "URL should have at most 2083 characters");
  std::string wide = "http://h/";
  for (int i = 0; i < 1000; ++i)
    wide += "é";
  const auto grown = normalise_url(wide);
  ASSERT_TRUE(grown.has_value());
  EXPECT_GT(grown->text.size(), url_bytes_max);
  EXPECT_TRUE(parse_url_strictly(grown->text));
}

TEST(url, the_parts_are_what_a_client_needs) {
  const auto u = *parse_url("HTTPS://us:pw@[2001:DB8::1]:8443/a/../b?q=1#frag");
  EXPECT_EQ(u.scheme, "https");
  EXPECT_EQ(u.username, "us");
  EXPECT_EQ(u.password, "pw");
  EXPECT_EQ(u.host, "2001:db8::1");
  EXPECT_EQ(u.port, 8443);
  EXPECT_EQ(u.target, "/b?q=1");
  EXPECT_EQ(u.authority(), "[2001:db8::1]:8443");
  EXPECT_EQ(u.text, "https://us:pw@[2001:db8::1]:8443/b?q=1#frag");

  const auto plain = *parse_url("http://Example.com");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.target, "/");
  EXPECT_EQ(plain.authority(), "example.com");
  EXPECT_EQ(parse_url("https://h")->port, 443);
}

TEST(url, strictly_read_text_must_mean_the_same_to_everybody) {
  for (const std::string_view text :
       {" http://h/", "http://h/ ", "http://h/a b", "ht\ttp://h/", "http://h/\n", "http://h\\@evil/", "http:\\\\h",
        "http:/h", "http:h", "http://h/\x7F", "http://h/?a b"}) {
    const auto u = parse_url_strictly(text);
    ASSERT_FALSE(u.has_value()) << text;
    EXPECT_EQ(u.error(), url_fault::ambiguous) << text;
  }
  EXPECT_EQ(parse_url_strictly(std::string_view("http://h/\0", 10)).error(), url_fault::ambiguous);
  EXPECT_EQ(parse_url_strictly("http:///path").error(), url_fault::empty_host);
  EXPECT_EQ(parse_url_strictly("http://h:99999/").error(), url_fault::bad_port);
  EXPECT_EQ(parse_url_strictly("https://h/?a=\\")->target, "/?a=\\");
  EXPECT_EQ(parse_url_strictly("https://bücher.example/ü")->text, "https://xn--bcher-kva.example/%C3%BC");
}

/// Scraps from which confusing URLs are made.
constexpr std::string_view scraps[] = {
    "http:", "//",  "/",   "\\", "@", "h", "a.b",   "127.0.0.1", "0x7f",     "1",    "256", ".",   "..",
    "%2e",   "%41", "%00", "%",  "?", "#", "[::1]", "[",         "]",        ":80",  ":",   "é",   "１",
    "。",    " ",   "\t",  "\"", "<", "`", "{",     "'",         "user:pw@", "xn--", "-",   "\x7F"};

TEST(url, normalising_twice_is_normalising_once) {
  std::mt19937 random(11);
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "http://";
    for (auto n = random() % 9; n > 0; --n)
      text += scraps[random() % std::size(scraps)];
    const auto once = parse_url(text);
    if (!once)
      continue;
    ++good;
    const auto twice = parse_url_strictly(once->text);
    ASSERT_TRUE(twice.has_value()) << text << " is " << once->text;
    ASSERT_EQ(*twice, *once) << text;
  }
  EXPECT_GT(good, 2'000);
}

} // namespace
} // namespace cued::security
