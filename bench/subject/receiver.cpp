#include "bench/subject/receiver.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <unordered_map>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/subject/webhook_reader.hpp"

namespace cued::bench {
namespace {

using steady = std::chrono::steady_clock;

constexpr int backlog = 4096;
constexpr int events_at_once = 256;
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::size_t complaints_at_most = 5;
constexpr std::string_view ok_keep = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view ok_close =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
constexpr std::string_view refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

instant wall_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

error broken(const char* call) {
  return {500, "receiver_failed", std::string{call} + ": " + std::strerror(errno), {}, {}};
}

} // namespace

/// The connections and the events of the receiver's thread.
class receiver::loop {
public:
  explicit loop(receiver& owner) : owner_{owner}, epoll_{epoll_create1(EPOLL_CLOEXEC)} {
    watch(owner_.listening_);
    watch(owner_.stop_);
  }
  ~loop() {
    for (const auto& [descriptor, of_no_interest] : lines_)
      close(descriptor);
    close(epoll_);
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  void run() {
    std::array<epoll_event, events_at_once> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), events_at_once, milliseconds_to_next_answer());
      for (int i = 0; i < count; ++i) {
        const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == owner_.stop_)
          return;
        if (descriptor == owner_.listening_)
          accept_all();
        else
          read(descriptor);
      }
      answer_due();
      owner_.wake_waiting();
    }
  }

private:
  struct line {
    std::uint64_t serial = 0; ///< descriptors are used again, serials are not
    webhook_reader reader;
    instant began; ///< first byte of the request that is arriving
  };
  struct pending_answer {
    steady::time_point due;
    int descriptor;
    std::uint64_t serial;
    bool closes;
  };

  void watch(int descriptor) {
    epoll_event wanted{EPOLLIN, {.fd = descriptor}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted);
  }

  void accept_all() {
    for (;;) {
      const int descriptor = accept4(owner_.listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0)
        return;
      const int on = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      lines_[descriptor].serial = ++serials_;
      owner_.connections_.fetch_add(1, std::memory_order_relaxed);
      watch(descriptor);
    }
  }

  void read(int descriptor) {
    const auto found = lines_.find(descriptor);
    if (found == lines_.end())
      return;
    auto& from = found->second;
    const auto got = recv(descriptor, piece_.data(), piece_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (got <= 0) {
      if (!from.reader.idle())
        owner_.complain("a connection ended in the middle of a request");
      return drop(descriptor);
    }
    const auto now = wall_now();
    if (from.reader.idle())
      from.began = now;
    from.reader.feed({piece_.data(), static_cast<std::size_t>(got)});
    webhook_reader::request request;
    for (;;) {
      const auto progress = from.reader.next(request);
      if (progress == webhook_reader::progress::needs_more)
        return;
      if (progress == webhook_reader::progress::broken) {
        owner_.complain(from.reader.why());
        send_text(descriptor, refusal);
        return drop(descriptor);
      }
      take(request, from.began);
      from.began = now; // of the next one, if it came with the same piece
      if (!answer(descriptor, from.serial, request.closes))
        return;
    }
  }

  void take(const webhook_reader::request& request, instant began) {
    delivery one{{}, began, 0};
    const auto key = read_execution_key(request.execution_id);
    const auto number =
        std::from_chars(request.attempt.data(), request.attempt.data() + request.attempt.size(), one.attempt);
    if (!key || number.ec != std::errc{}) {
      owner_.complain("a webhook without execution or attempt");
      return;
    }
    one.execution = *key;
    if (owner_.count() % owner_.wish_.sample_every == 0)
      owner_.keep({std::string{request.cue_id}, std::string{request.timestamp}, std::string{request.signature},
                   std::string{request.body}, began.time_since_epoch() / std::chrono::seconds{1}});
    owner_.note(one);
  }

  /// Whether the connection is still there.
  bool answer(int descriptor, std::uint64_t serial, bool closes) {
    if (owner_.wish_.answers_after.count() > 0) {
      answers_.push_back({steady::now() + owner_.wish_.answers_after, descriptor, serial, closes});
      return true;
    }
    return send_answer(descriptor, closes);
  }

  bool send_answer(int descriptor, bool closes) {
    const bool sent = send_text(descriptor, closes ? ok_close : ok_keep);
    if (!sent)
      owner_.complain("an answer could not be sent");
    if (!sent || closes)
      drop(descriptor);
    return sent && !closes;
  }

  static bool send_text(int descriptor, std::string_view text) { // a hundred bytes fit into any socket's buffer
    return send(descriptor, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  void answer_due() {
    for (const auto now = steady::now(); !answers_.empty() && answers_.front().due <= now; answers_.pop_front()) {
      const auto next = answers_.front();
      if (const auto to = lines_.find(next.descriptor); to != lines_.end() && to->second.serial == next.serial)
        send_answer(next.descriptor, next.closes);
    }
  }

  [[nodiscard]] int milliseconds_to_next_answer() const {
    if (answers_.empty())
      return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(answers_.front().due - steady::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }

  void drop(int descriptor) {
    lines_.erase(descriptor);
    close(descriptor);
  }

  receiver& owner_;
  int epoll_;
  std::unordered_map<int, line> lines_;
  std::deque<pending_answer> answers_; ///< the delay is the same for all, so they are in order
  std::uint64_t serials_ = 0;
  std::array<char, piece_bytes> piece_;
};

result<std::unique_ptr<receiver>> receiver::listen(const receiver_wish& wish) {
  std::unique_ptr<receiver> out{new receiver{wish}};
  out->deliveries_.reserve(wish.expected);
  if (auto opened = out->open(); !opened)
    return fail(opened.error());
  out->thread_ = std::thread{[owner = out.get()] {
    auto events = std::make_unique<loop>(*owner);
    events->run();
  }};
  return out;
}

result<void> receiver::open() {
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  stop_ = eventfd(0, EFD_CLOEXEC);
  if (listening_ < 0 || stop_ < 0)
    return fail(broken("socket"));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  if (bind(listening_, reinterpret_cast<sockaddr*>(&at), length) != 0 || ::listen(listening_, backlog) != 0 ||
      getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &length) != 0)
    return fail(broken("listen"));
  port_ = ntohs(at.sin_port);
  return {};
}

receiver::~receiver() {
  if (thread_.joinable()) {
    const std::uint64_t ring = 1;
    [[maybe_unused]] const auto rung = write(stop_, &ring, sizeof ring); // an eventfd takes the first ring always
    thread_.join();
  }
  if (listening_ >= 0)
    close(listening_);
  if (stop_ >= 0)
    close(stop_);
}

std::string receiver::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }

void receiver::note(const delivery& one) {
  const std::lock_guard lock{mutex_};
  deliveries_.push_back(one);
  count_.store(deliveries_.size(), std::memory_order_relaxed);
}

void receiver::keep(signed_sample sample) {
  const std::lock_guard lock{mutex_};
  if (samples_.size() < samples_at_most)
    samples_.push_back(std::move(sample));
}

void receiver::complain(std::string what) {
  const std::lock_guard lock{mutex_};
  if (complaints_.size() < complaints_at_most)
    complaints_.push_back(std::move(what));
}

void receiver::wake_waiting() { more_came_.notify_all(); }

bool receiver::wait_for(std::uint64_t deliveries, steady::time_point until) {
  std::unique_lock lock{mutex_};
  return more_came_.wait_until(lock, until, [&] { return deliveries_.size() >= deliveries; });
}

std::vector<delivery> receiver::deliveries() const {
  const std::lock_guard lock{mutex_};
  return deliveries_;
}

std::vector<signed_sample> receiver::samples() const {
  const std::lock_guard lock{mutex_};
  return samples_;
}

std::vector<std::string> receiver::complaints() const {
  const std::lock_guard lock{mutex_};
  return complaints_;
}

} // namespace cued::bench
