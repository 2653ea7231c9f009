#include "http/client/egress_proxy.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "http/client/tunnel.hpp"
#include "tests/http/certificate_authority.hpp"
#include "tests/http/connect_proxy.hpp"
#include "tests/http/local_receiver.hpp"
#include "tests/http/webhook_client_fixture.hpp"

namespace cued::http::client {

using test::answering;
using test::connect_proxy;
using test::http_answer;
using test::local_receiver;
using test::wire;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

class egress_proxy_test : public webhook_client_test {
protected:
  void leave_through(const connect_proxy& proxy, const std::string& credentials = "") {
    options.proxy = read_egress_proxy(proxy.url(credentials)).value();
  }

  void SetUp() override {
    policy.allow_loopback = false;
    names->names["hook.example"] = {"203.0.113.5"};
  }
};

std::string tunnel_request(const std::string& target) {
  return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n";
}

/// What is logged while this object lives.
class captured_log {
public:
  captured_log() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
  }
  ~captured_log() { spdlog::set_default_logger(before_); }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;

  [[nodiscard]] std::string text() const { return text_.str(); }

private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream text_;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

} // namespace

// -- the setting -----------------------------------------------------------

TEST(egress_proxy, is_read_from_a_url) {
  struct {
    std::string_view url, text, authorization;
  } const cases[] = {
      {"http://proxy.internal:3128", "proxy.internal:3128", ""},
      {"http://proxy.internal:3128/", "proxy.internal:3128", ""},
      {"http://10.0.0.9:8080", "10.0.0.9:8080", ""},
      {"http://[fd00::9]:8080", "[fd00::9]:8080", ""},
      {"http://proxy.internal", "proxy.internal:80", ""},
      {"http://cued:secret@proxy.internal:3128", "proxy.internal:3128", "Basic Y3VlZDpzZWNyZXQ="},
      {"http://cued@proxy.internal:3128", "proxy.internal:3128", "Basic Y3VlZDo="},
      {"http://c%C3%BC:p%40ss%3A%2F@proxy.internal:3128", "proxy.internal:3128", "Basic Y8O8OnBAc3M6Lw=="},
  };
  for (const auto& c : cases) {
    const auto proxy = read_egress_proxy(c.url);
    ASSERT_TRUE(proxy.has_value()) << c.url;
    EXPECT_EQ(proxy->text(), c.text) << c.url;
    EXPECT_EQ(proxy->authorization, c.authorization) << c.url;
  }
}

TEST(egress_proxy, what_is_no_proxy_is_refused_without_repeating_it) {
  for (const std::string_view url :
       {"", "proxy.internal:3128", "https://secret@proxy:1", "socks5://secret@proxy:1", "http://", "http://proxy:99999",
        "http://secret@proxy:1/path", "http://secret@proxy:1/?x", "http://secret@proxy:1/#x",
        "http://a%3Asecret@proxy:1", " http://secret@proxy:1"}) {
    const auto proxy = read_egress_proxy(url);
    ASSERT_FALSE(proxy.has_value()) << url;
    EXPECT_EQ(proxy.error().code, "invalid_proxy") << url;
    EXPECT_THAT(proxy.error().message, Not(HasSubstr("secret"))) << url;
  }
}

TEST(egress_proxy, loopback_is_this_machine_and_not_the_proxys) {
  for (const auto* text : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(goes_through_proxy(boost::asio::ip::make_address(text))) << text;
  for (const auto* text : {"203.0.113.5", "10.0.0.1", "2001:db8::5", "::ffff:203.0.113.5"})
    EXPECT_TRUE(goes_through_proxy(boost::asio::ip::make_address(text))) << text;
}

// -- tunnels ---------------------------------------------------------------

TEST_F(egress_proxy_test, plain_http_goes_by_connect_to_the_vetted_address) {
  std::promise<std::string> seen;
  local_receiver receiver{[&](wire& w) {
    seen.set_value(w.read_request());
    w.write(http_answer("200 OK", "thanks"));
  }};
  connect_proxy proxy{receiver.port()};
  leave_through(proxy);
  EXPECT_EQ(send("http://hook.example:8080/hook").body, "thanks");
  EXPECT_THAT(proxy.requests(), ElementsAre(tunnel_request("203.0.113.5:8080")));
  EXPECT_THAT(seen.get_future().get(), testing::StartsWith("POST /hook HTTP/1.1\r\nHost: hook.example:8080\r\n"));
}

TEST_F(egress_proxy_test, https_goes_by_connect_and_the_name_is_in_tls_only) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("DNS:hook.example");
  std::string name;
  test::keep_server_name(tls, name);
  local_receiver receiver{answering(http_answer("200 OK", "secret thanks")), &tls};
  connect_proxy proxy{receiver.port()};
  leave_through(proxy);
  authority_file = authority.file();
  const auto answer = send("https://hook.example/");
  EXPECT_EQ(answer.body, "secret thanks") << answer.detail;
  EXPECT_EQ(name, "hook.example");
  EXPECT_THAT(proxy.requests(), ElementsAre(tunnel_request("203.0.113.5:443")));
}

TEST_F(egress_proxy_test, a_certificate_of_another_name_is_refused_behind_a_proxy_as_well) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("DNS:other.example");
  local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
  connect_proxy proxy{receiver.port()};
  leave_through(proxy);
  authority_file = authority.file();
  EXPECT_EQ(send("https://hook.example/").what, failure::could_not_connect);
}

TEST_F(egress_proxy_test, each_request_has_a_tunnel_of_its_own) {
  options.threads = 1;
  local_receiver receiver{[](wire& w) {
    for (;;) {
      w.read_request();
      w.write(http_answer("200 OK", ""));
    }
  }};
  connect_proxy proxy{receiver.port()};
  leave_through(proxy);
  EXPECT_EQ(send("http://hook.example/").status, 200);
  EXPECT_EQ(send("http://hook.example/").status, 200);
  EXPECT_THAT(proxy.requests(), ElementsAre(tunnel_request("203.0.113.5:80"), tunnel_request("203.0.113.5:80")));
}

TEST_F(egress_proxy_test, an_ipv6_target_stands_in_brackets) {
  local_receiver receiver{answering(http_answer("200 OK", "six"))};
  connect_proxy proxy{receiver.port()};
  leave_through(proxy);
  EXPECT_EQ(send("http://[2001:db8::5]/").body, "six");
  EXPECT_THAT(proxy.requests(), ElementsAre(tunnel_request("[2001:db8::5]:80")));
}

TEST_F(egress_proxy_test, credentials_are_shown_to_the_proxy_and_to_nobody_else) {
  std::promise<std::string> seen;
  local_receiver receiver{[&](wire& w) {
    seen.set_value(w.read_request());
    w.write(http_answer("200 OK", ""));
  }};
  connect_proxy proxy{receiver.port()};
  leave_through(proxy, "cued:secret@");
  EXPECT_EQ(send("http://hook.example/").status, 200);
  EXPECT_THAT(proxy.requests(), ElementsAre(HasSubstr("\r\nProxy-Authorization: Basic Y3VlZDpzZWNyZXQ=\r\n")));
  EXPECT_THAT(seen.get_future().get(), Not(HasSubstr("Authorization")));
}

TEST_F(egress_proxy_test, a_name_of_the_proxy_is_looked_up_and_not_vetted) {
  local_receiver receiver{answering(http_answer("200 OK", "found"))};
  connect_proxy proxy{receiver.port()};
  const auto port = proxy.address().substr(proxy.address().find(':'));
  options.proxy = read_egress_proxy("http://proxy.example" + port).value();
  names->names["proxy.example"] = {"127.0.0.2", "127.0.0.1"}; // nobody listens at the first
  EXPECT_EQ(send("http://hook.example/").body, "found");
}

// -- the guard behind a proxy ----------------------------------------------

TEST_F(egress_proxy_test, the_proxy_is_not_asked_for_what_the_guard_refuses) {
  connect_proxy proxy{0};
  leave_through(proxy);
  names->names["inside.example"] = {"203.0.113.5", "10.0.0.1"};
  for (const auto* url : {"http://10.0.0.1/", "http://inside.example/", "http://127.0.0.1/", "http://localhost/",
                          "http://nowhere.example/", "http://u:p@hook.example/"})
    EXPECT_EQ(send(url).what, failure::blocked) << url;
  EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(egress_proxy_test, this_machine_is_called_directly_where_the_operator_opened_it) {
  local_receiver receiver{answering(http_answer("200 OK", "direct"))};
  connect_proxy proxy{0};
  leave_through(proxy);
  policy.allow_loopback = true;
  EXPECT_EQ(send(receiver.url()).body, "direct");
  EXPECT_TRUE(proxy.requests().empty());
}

// -- when the proxy does not help ------------------------------------------

TEST_F(egress_proxy_test, a_proxy_that_is_not_there_is_told_as_such) {
  auto proxy = std::make_unique<connect_proxy>(0);
  leave_through(*proxy, "cued:secret@");
  const auto where = proxy->address();
  proxy.reset();
  const captured_log log;
  const auto answer = send("http://hook.example/");
  EXPECT_EQ(answer.what, failure::could_not_connect);
  EXPECT_THAT(answer.detail, HasSubstr("The egress proxy " + where + " cannot be reached: Connection refused"));
  EXPECT_THAT(log.text(), HasSubstr(answer.detail));
  EXPECT_THAT(log.text(), Not(HasSubstr("secret")));
}

TEST_F(egress_proxy_test, what_it_answers_is_told) {
  struct {
    std::string answer;
    const char* told;
  } const cases[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "credentials (407)"},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "answered 403 to CONNECT 203.0.113.5:80"},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "answered 502 to CONNECT 203.0.113.5:80"},
      {"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n", "answered 302"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "gave no answer to CONNECT"},
      {"", "gave no answer to CONNECT"},
      {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "sent more than an answer"},
      {"HTTP/1.1 200 OK\r\nX-Long: " + std::string(tunnel_head_limit_bytes, 'a') + "\r\n\r\n", "gave no answer"},
  };
  for (const auto& c : cases) {
    connect_proxy proxy{0, c.answer};
    destroy_client();
    leave_through(proxy);
    const auto answer = send("http://hook.example/");
    EXPECT_EQ(answer.what, failure::could_not_connect) << c.answer;
    EXPECT_THAT(answer.detail, HasSubstr(c.told)) << c.answer;
    EXPECT_EQ(answer.first_byte_sent_at, std::nullopt);
  }
}

TEST_F(egress_proxy_test, where_it_does_not_lead_the_next_address_is_tried) {
  connect_proxy proxy{0, "HTTP/1.1 502 Bad Gateway\r\n\r\n"};
  leave_through(proxy);
  names->names["hook.example"] = {"203.0.113.5", "203.0.113.6"};
  EXPECT_EQ(send("http://hook.example/").what, failure::could_not_connect);
  EXPECT_THAT(proxy.requests(), ElementsAre(tunnel_request("203.0.113.5:80"), tunnel_request("203.0.113.6:80")));
}

TEST_F(egress_proxy_test, a_proxy_that_is_silent_meets_the_deadline) {
  local_receiver proxy{[](wire& w) { w.wait_for_the_other_side_to_hang_up(); }};
  options.proxy = read_egress_proxy(proxy.url("127.0.0.1", "")).value();
  EXPECT_EQ(send("http://hook.example/", "{}", 20ms).what, failure::timed_out);
}

TEST_F(egress_proxy_test, an_outage_of_the_proxy_is_logged_once_and_its_end_too) {
  const captured_log log;
  egress_proxy_log told;
  const egress_proxy proxy{"proxy.internal", 3128, "Basic secret"};
  told.works(proxy);
  told.fails("The egress proxy proxy.internal:3128 is away");
  told.fails("The egress proxy proxy.internal:3128 is away");
  told.works(proxy);
  told.works(proxy);
  EXPECT_EQ(count(log.text(), "is away"), 1u);
  EXPECT_EQ(count(log.text(), "the egress proxy proxy.internal:3128 works again"), 1u);
  EXPECT_THAT(log.text(), Not(HasSubstr("secret")));
}

} // namespace cued::http::client
