#include "bench/subject/receiver.hpp"

#include <gmock/gmock.h>

#include <array>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "security/signature.hpp"

namespace cued::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::chrono::seconds generous{30};
const std::string execution = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const std::string answer_begins = "HTTP/1.1 200 OK\r\n";

std::chrono::steady_clock::time_point eventually() { return std::chrono::steady_clock::now() + generous; }

/// One connection of a sender, blocking.
class sender {
public:
  explicit sender(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~sender() { close(socket_); }
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;

  void say(const std::string& text) const {
    ASSERT_EQ(send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// What comes up to the body `ok`, or up to the end of the connection.
  [[nodiscard]] std::string hear() const {
    std::string heard;
    std::array<char, 1024> piece;
    while (!heard.ends_with("\r\n\r\nok")) {
      const auto got = recv(socket_, piece.data(), piece.size(), 0);
      if (got <= 0)
        break;
      heard.append(piece.data(), static_cast<std::size_t>(got));
    }
    return heard;
  }

private:
  int socket_;
};

std::string webhook(const std::string& body, int attempt = 1, const std::string& more = "") {
  return "POST /hook HTTP/1.1\r\nX-CueAPI-Execution-Id: " + execution +
         "\r\nX-CueAPI-Attempt: " + std::to_string(attempt) + "\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(receiver, answers_and_notes_each_webhook_of_a_connection_that_stays_open) {
  const auto hook = receiver::listen();
  ASSERT_TRUE(hook) << hook.error().message;
  const sender from{(*hook)->port()};
  for (int attempt = 1; attempt <= 3; ++attempt) {
    from.say(webhook("{}", attempt));
    ASSERT_THAT(from.hear(), testing::StartsWith(answer_begins));
  }
  ASSERT_TRUE((*hook)->wait_for(3, eventually()));
  EXPECT_EQ((*hook)->connections(), 1U);
  std::vector<std::uint32_t> attempts;
  for (const auto& one : (*hook)->deliveries()) {
    attempts.push_back(one.attempt);
    EXPECT_EQ(text_of(one.execution), execution);
  }
  EXPECT_THAT(attempts, ElementsAre(1U, 2U, 3U));
  EXPECT_THAT((*hook)->complaints(), IsEmpty());
}

TEST(receiver, notes_the_arrival_of_the_first_byte_not_of_the_last) {
  const auto hook = receiver::listen();
  ASSERT_TRUE(hook) << hook.error().message;
  const sender from{(*hook)->port()}, other{(*hook)->port()};
  for (const auto* one : {&from, &other}) { // both are accepted
    one->say(webhook("{}", 1));
    ASSERT_THAT(one->hear(), HasSubstr("200 OK"));
  }
  const auto slow = webhook("{}", 3);
  other.say(slow.substr(0, 1));
  from.say(webhook("{}", 2)); // what came before this one has been read once this one is answered
  ASSERT_THAT(from.hear(), HasSubstr("200 OK"));
  const auto between = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  other.say(slow.substr(1));
  ASSERT_THAT(other.hear(), HasSubstr("200 OK"));
  const auto deliveries = (*hook)->deliveries();
  ASSERT_EQ(deliveries.size(), 4U);
  EXPECT_EQ(deliveries[3].attempt, 3U);
  EXPECT_LE(deliveries[3].arrived, between);
}

TEST(receiver, hangs_up_when_the_sender_wants_it) {
  const auto hook = receiver::listen();
  ASSERT_TRUE(hook) << hook.error().message;
  const sender from{(*hook)->port()};
  from.say(webhook("{}", 1, "Connection: close\r\n"));
  EXPECT_THAT(from.hear(), HasSubstr("Connection: close"));
  EXPECT_EQ(from.hear(), "");
}

TEST(receiver, answers_after_its_delay_and_in_order) {
  const auto hook = receiver::listen({.answers_after = std::chrono::milliseconds{20}});
  ASSERT_TRUE(hook) << hook.error().message;
  const sender from{(*hook)->port()};
  const auto began = std::chrono::steady_clock::now();
  from.say(webhook("{}"));
  EXPECT_THAT(from.hear(), testing::StartsWith(answer_begins));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds{20});
}

TEST(receiver, complains_about_what_is_no_webhook) {
  const auto hook = receiver::listen();
  ASSERT_TRUE(hook) << hook.error().message;
  const sender from{(*hook)->port()};
  from.say("POST /hook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_THAT(from.hear(), HasSubstr("400"));
  EXPECT_THAT((*hook)->complaints(), ElementsAre(HasSubstr("without a length")));
  EXPECT_EQ((*hook)->count(), 0U);
}

TEST(receiver, keeps_samples_with_which_signatures_can_be_checked) {
  const auto hook = receiver::listen({.sample_every = 2});
  ASSERT_TRUE(hook) << hook.error().message;
  const auto now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds{1};
  const std::string body = R"({"attempt": 1})";
  const auto made = security::sign("whsec_1", now, body);
  const sender from{(*hook)->port()};
  for (int i = 0; i < 3; ++i) {
    from.say(webhook(body, 1,
                     "X-CueAPI-Cue-Id: cue_abc123def456\r\nX-CueAPI-Timestamp: " + made.timestamp +
                         "\r\nX-CueAPI-Signature: " + made.value + "\r\n"));
    ASSERT_THAT(from.hear(), HasSubstr("200 OK"));
  }
  const auto samples = (*hook)->samples();
  ASSERT_EQ(samples.size(), 2U); // the first and the third
  EXPECT_EQ(samples[0].cue_id, "cue_abc123def456");
  EXPECT_TRUE(security::verify("whsec_1", samples[0].timestamp, samples[0].signature, samples[0].body,
                               samples[0].arrived_unix_seconds));
}

TEST(receiver, waits_no_longer_than_it_may) {
  const auto hook = receiver::listen();
  ASSERT_TRUE(hook) << hook.error().message;
  EXPECT_FALSE((*hook)->wait_for(1, std::chrono::steady_clock::now()));
}

} // namespace
} // namespace cued::bench
