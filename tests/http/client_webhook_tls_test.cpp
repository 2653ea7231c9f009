#include <gtest/gtest.h>

#include "tests/http/certificate_authority.hpp"
#include "tests/http/local_receiver.hpp"
#include "tests/http/webhook_client_fixture.hpp"

namespace cued::http::client {

using test::answering;
using test::http_answer;
using test::local_receiver;
using test::wire;

TEST_F(webhook_client_test, tls_with_a_trusted_certificate_of_that_name_works) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("DNS:hook.example");
  local_receiver receiver{answering(http_answer("200 OK", "secret thanks")), &tls};
  authority_file = authority.file();
  names->names["hook.example"] = {"127.0.0.1"};
  const auto answer = send(receiver.url("hook.example"));
  EXPECT_EQ(answer.status, 200) << answer.detail;
  EXPECT_EQ(answer.body, "secret thanks");
}

TEST_F(webhook_client_test, a_final_dot_of_the_name_is_no_part_of_what_the_certificate_must_say) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("DNS:hook.example");
  std::string name;
  test::keep_server_name(tls, name);
  local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
  authority_file = authority.file();
  names->names["hook.example."] = {"127.0.0.1"};
  const auto answer = send(receiver.url("hook.example."));
  EXPECT_EQ(answer.status, 200) << answer.detail;
  EXPECT_EQ(name, "hook.example");
}

TEST_F(webhook_client_test, tls_older_than_1_2_is_no_connection) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("IP:127.0.0.1");
  auto* const native = tls.native_handle();
  SSL_CTX_set_security_level(native, 0);
  SSL_CTX_set_cipher_list(native, "ALL:@SECLEVEL=0");
  ASSERT_EQ(SSL_CTX_set_min_proto_version(native, TLS1_VERSION), 1);
  authority_file = authority.file();
  {
    ASSERT_EQ(SSL_CTX_set_max_proto_version(native, TLS1_2_VERSION), 1);
    local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
    EXPECT_EQ(send(receiver.url()).status, 200);
  }
  ASSERT_EQ(SSL_CTX_set_max_proto_version(native, TLS1_1_VERSION), 1);
  local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
  EXPECT_EQ(send(receiver.url()).what, failure::could_not_connect);
}

TEST_F(webhook_client_test, a_certificate_may_name_an_address) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("IP:127.0.0.1");
  local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
  authority_file = authority.file();
  EXPECT_EQ(send(receiver.url()).status, 200);
}

TEST_F(webhook_client_test, a_certificate_of_another_name_is_refused_before_anything_is_sent) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("DNS:other.example");
  local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
  authority_file = authority.file();
  names->names["hook.example"] = {"127.0.0.1"};
  const auto answer = send(receiver.url("hook.example"));
  EXPECT_EQ(answer.what, failure::could_not_connect);
  EXPECT_EQ(answer.first_byte_sent_at, std::nullopt);
}

TEST_F(webhook_client_test, a_certificate_of_an_unknown_authority_is_refused) {
  const test::certificate_authority known, unknown;
  auto tls = unknown.server_context("IP:127.0.0.1");
  local_receiver receiver{answering(http_answer("200 OK", "")), &tls};
  authority_file = known.file();
  EXPECT_EQ(send(receiver.url()).what, failure::could_not_connect);
}

TEST_F(webhook_client_test, plain_http_behind_an_https_url_is_no_connection) {
  local_receiver receiver{[](wire& w) {
    w.read_some();
    w.write(http_answer("400 Bad Request", ""));
  }};
  EXPECT_EQ(send("https://127.0.0.1:" + std::to_string(receiver.port()) + "/").what, failure::could_not_connect);
}

TEST_F(webhook_client_test, a_body_that_ends_with_the_connection_needs_no_goodbye_of_tls) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("IP:127.0.0.1");
  local_receiver receiver{answering("HTTP/1.1 200 OK\r\n\r\nuntil the end"), &tls};
  authority_file = authority.file();
  EXPECT_EQ(send(receiver.url()).body, "until the end");
}

TEST(tls_context, roots_that_cannot_be_read_are_an_error) {
  EXPECT_EQ(make_tls_context({"/nonexistent/roots.pem", ""}).error().code, "unusable_roots");
}

} // namespace cued::http::client
