#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include "tests/http/certificate_authority.hpp"
#include "tests/http/raw_client.hpp"
#include "tests/http/server/scripted_application.hpp"

namespace cued::http::test {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// Blocks, and trusts one authority; what a test wants to be odd about is set on `context` before connect().
class tls_client {
public:
  explicit tls_client(const std::string& authority) {
    context.load_verify_file(authority);
    context.set_verify_mode(ssl::verify_peer);
  }

  boost::system::error_code connect(std::uint16_t port) {
    stream.emplace(loop_, context);
    stream->next_layer().connect({asio::ip::address_v4::loopback(), port});
    boost::system::error_code failure;
    stream->handshake(ssl::stream_base::client, failure);
    return failure;
  }

  void send(const std::string& text) { asio::write(*stream, asio::buffer(text)); }

  /// The next answer, whole; what came before the end if there is none.
  std::string receive() {
    boost::system::error_code ended;
    const auto head = asio::read_until(*stream, asio::dynamic_buffer(received_), "\r\n\r\n", ended);
    if (ended)
      return std::exchange(received_, {});
    const auto at = received_.find("content-length: ");
    const auto size = at < head ? std::stoul(received_.substr(at + 16)) : 0;
    if (received_.size() < head + size)
      asio::read(*stream, asio::dynamic_buffer(received_), asio::transfer_exactly(head + size - received_.size()),
                 ended);
    auto answer = received_.substr(0, head + size);
    received_.erase(0, head + size);
    return answer;
  }

  std::string ask(const std::string& text) {
    send(text);
    return receive();
  }

  /// Reads to the end and says how it came.
  boost::system::error_code read_to_the_end() {
    boost::system::error_code ended;
    asio::read(*stream, asio::dynamic_buffer(received_), ended);
    return ended;
  }

  std::string certificate_name() {
    const std::unique_ptr<X509, decltype(&X509_free)> shown{SSL_get1_peer_certificate(stream->native_handle()),
                                                            X509_free};
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name, sizeof name);
    return name;
  }

  ssl::context context{ssl::context::tls_client};

private:
  asio::io_context loop_;

public:
  std::optional<ssl::stream<asio::ip::tcp::socket>> stream;

private:
  std::string received_;
};

class http_tls : public testing::Test {
protected:
  http_tls() {
    std::string name = (std::filesystem::temp_directory_path() / "cued-tls-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw std::runtime_error("no folder for the certificates");
    folder_ = name;
    authority_.write_server_files(folder_, "first", "IP:127.0.0.1");
    authority_.write_server_files(folder_, "second", "IP:127.0.0.1");
    use("first");
  }
  ~http_tls() override { std::filesystem::remove_all(folder_); }

  /// The files the server was told of now hold that certificate.
  void use(const std::string& name) {
    const auto replace = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(folder_ / (name + ".crt"), folder_ / "server.crt", replace);
    std::filesystem::copy_file(folder_ / (name + ".key"), folder_ / "server.key", replace);
  }

  certificate_files files() const { return {(folder_ / "server.crt").string(), (folder_ / "server.key").string()}; }

  server_options options(server_limits limits = {}) const {
    server_options out{.host = "127.0.0.1", .port = 0, .io_threads = 2, .limits = limits};
    out.certificate = files();
    return out;
  }

  tls_client client() const { return tls_client{authority_.file()}; }

  std::string refusal_of(const certificate_files& wanted) const {
    const auto loaded = load_certificate(wanted);
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().message;
  }

  cued::test::certificate_authority authority_;
  std::filesystem::path folder_;
};

TEST_F(http_tls, requests_follow_each_other_as_on_a_plain_connection) {
  running_server server{options()};
  auto friendly = client();
  ASSERT_FALSE(friendly.connect(server.port()));
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(friendly.ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), HasSubstr("\r\n\r\nhello"));
  EXPECT_GE(SSL_version(friendly.stream->native_handle()), TLS1_2_VERSION);
}

TEST_F(http_tls, a_body_of_many_records_passes_both_ways) {
  running_server server{options()};
  auto friendly = client();
  ASSERT_FALSE(friendly.connect(server.port()));
  const std::string body(1024 * 1024, 'a');
  EXPECT_THAT(friendly.ask("POST /echo HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + body),
              testing::EndsWith("\r\n\r\n" + body));
  EXPECT_THAT(friendly.ask("POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), HasSubstr(" 413 "));
}

TEST_F(http_tls, the_end_is_said_before_the_connection_closes) {
  running_server server{options()};
  auto friendly = client();
  ASSERT_FALSE(friendly.connect(server.port()));
  EXPECT_THAT(friendly.ask("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr(" 200 "));
  EXPECT_EQ(friendly.read_to_the_end(), asio::error::eof) << "and not a truncated stream";
}

TEST_F(http_tls, a_refusal_reaches_a_client_that_goes_on_sending) {
  running_server server{options()};
  auto stubborn = client();
  ASSERT_FALSE(stubborn.connect(server.port()));
  stubborn.send("POST /echo HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n");
  stubborn.send(std::string(3'000'000, 'a'));
  EXPECT_THAT(stubborn.receive(), HasSubstr(" 413 "));
}

TEST_F(http_tls, older_protocols_and_weak_ciphers_are_refused) {
  running_server server{options()};
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    auto old = client();
    SSL_CTX_set_security_level(old.context.native_handle(), 0);
    SSL_CTX_set_min_proto_version(old.context.native_handle(), version);
    SSL_CTX_set_max_proto_version(old.context.native_handle(), version);
    EXPECT_TRUE(old.connect(server.port())) << version;
  }
  auto weak = client();
  SSL_CTX_set_max_proto_version(weak.context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(weak.context.native_handle(), "ECDHE-ECDSA-AES128-SHA");
  EXPECT_TRUE(weak.connect(server.port()));
  auto modern = client();
  SSL_CTX_set_max_proto_version(modern.context.native_handle(), TLS1_2_VERSION);
  EXPECT_FALSE(modern.connect(server.port()));
}

TEST_F(http_tls, alpn_chooses_http_1_1_and_refuses_who_speaks_none_of_ours) {
  running_server server{options()};
  auto both = client();
  constexpr unsigned char h2_and_http_1_1[] = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(both.context.native_handle(), h2_and_http_1_1, sizeof h2_and_http_1_1 - 1);
  ASSERT_FALSE(both.connect(server.port()));
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(both.stream->native_handle(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");

  auto h2_only = client();
  SSL_CTX_set_alpn_protos(h2_only.context.native_handle(), h2_and_http_1_1, 3);
  EXPECT_TRUE(h2_only.connect(server.port()));
}

TEST_F(http_tls, plain_http_is_told_to_use_https) {
  running_server server{options()};
  for (const auto* method : {"GET", "DELETE"}) {
    raw_client plain{server.port()};
    const auto answer = plain.ask(std::string{method} + " /x HTTP/1.1\r\n\r\n");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("https://"));
    EXPECT_EQ(plain.receive_until_closed(), "");
  }
}

TEST_F(http_tls, a_handshake_that_does_not_come_to_an_end_is_cut_off) {
  running_server server{options({.handshake = 50ms, .sweep = 5ms})};
  raw_client silent{server.port()};
  EXPECT_EQ(silent.receive_until_closed(), "");
  raw_client halting{server.port()};
  halting.send("\x16\x03\x01");
  EXPECT_EQ(halting.receive_until_closed(), "");
}

TEST_F(http_tls, the_limits_of_plain_connections_hold) {
  running_server server{options({.header_fields = 1, .connections_per_address_max = 2, .header = 50ms, .sweep = 5ms})};
  auto slow = client();
  ASSERT_FALSE(slow.connect(server.port()));
  EXPECT_THAT(slow.ask("GET /x HTTP/1.1\r\nX-Slow: "), HasSubstr(" 408 "));
  auto wordy = client();
  ASSERT_FALSE(wordy.connect(server.port()));
  raw_client third{server.port()};
  EXPECT_EQ(third.receive_until_closed(), "") << "no words for who may not enter: they would have to be encrypted";
  EXPECT_THAT(wordy.ask("GET /x HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n"), HasSubstr(" 431 "));
}

TEST_F(http_tls, a_client_that_leaves_is_seen_although_it_said_goodbye) {
  running_server server{options({.sweep = 1ms, .long_handling = 1ms})};
  auto friendly = client();
  ASSERT_FALSE(friendly.connect(server.port()));
  friendly.send("GET /patience HTTP/1.1\r\n\r\n");
  server.app.wait_for_arrival();
  // Says goodbye and leaves, without waiting for the answer to it.
  SSL_set_quiet_shutdown(friendly.stream->native_handle(), 0);
  friendly.stream->async_shutdown([](auto) {});
  friendly.stream->next_layer().shutdown(asio::ip::tcp::socket::shutdown_send);
  server.app.wait_for_hang_up();
}

TEST_F(http_tls, a_renewed_certificate_is_shown_to_new_connections_and_open_ones_go_on) {
  running_server server{options()};
  auto before = client();
  ASSERT_FALSE(before.connect(server.port()));
  EXPECT_EQ(before.certificate_name(), "first");
  use("second");
  ASSERT_TRUE(server.listening.reload_certificate());
  auto after = client();
  ASSERT_FALSE(after.connect(server.port()));
  EXPECT_EQ(after.certificate_name(), "second");
  EXPECT_THAT(before.ask("GET /x HTTP/1.1\r\n\r\n"), HasSubstr(" 200 "));
}

TEST_F(http_tls, a_renewal_that_went_wrong_changes_nothing) {
  running_server server{options()};
  std::ofstream{folder_ / "server.key"} << "not a key";
  EXPECT_FALSE(server.listening.reload_certificate());
  auto friendly = client();
  ASSERT_FALSE(friendly.connect(server.port()));
  EXPECT_EQ(friendly.certificate_name(), "first");
}

TEST_F(http_tls, stopping_ends_connections_in_the_middle_of_a_handshake) {
  running_server server{options()};
  raw_client halting{server.port()};
  while (server.listening.connections() == 0)
    std::this_thread::yield();
  server.listening.stop();
  EXPECT_EQ(server.listening.connections(), 0u);
}

TEST_F(http_tls, files_that_cannot_be_used_are_refused_with_words) {
  EXPECT_THAT(refusal_of({"/nowhere/server.crt", files().key}),
              HasSubstr("/nowhere/server.crt: cannot be read: No such"));
  EXPECT_THAT(refusal_of({files().chain, "/nowhere/server.key"}), HasSubstr("/nowhere/server.key: cannot be read"));
  EXPECT_THAT(refusal_of({files().key, files().key}), HasSubstr("is not a chain of PEM certificates"));
  EXPECT_THAT(refusal_of({files().chain, files().chain}), HasSubstr("is not a PEM private key"));
  EXPECT_THAT(refusal_of({files().chain, (folder_ / "second.key").string()}),
              HasSubstr("is not the key of the certificate in"));
}

TEST_F(http_tls, a_key_with_a_password_is_refused_and_nobody_is_asked_for_it) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const std::unique_ptr<BIO, decltype(&BIO_free)> file{BIO_new_file((folder_ / "locked.key").c_str(), "w"), BIO_free};
  char password[] = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(file.get(), key.get(), EVP_aes_256_cbc(), password, 6, nullptr, nullptr), 1);
  BIO_flush(file.get());
  EXPECT_THAT(refusal_of({files().chain, (folder_ / "locked.key").string()}), HasSubstr("without password"));
}

TEST_F(http_tls, a_server_with_such_files_does_not_start) {
  scripted_application app;
  auto wanted = options();
  wanted.certificate.key = "/nowhere/server.key";
  cued::http::server listening{std::move(wanted), app};
  const auto started = listening.start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("/nowhere/server.key"));
}

} // namespace
} // namespace cued::http::test
