#include "bench/load/load_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_patience = 10s;
constexpr auto answer_patience = 5s; ///< for what is under way when the time is over
constexpr auto redial_pause = 50ms;
constexpr std::size_t redials_at_most = 100;
constexpr int events_at_once = 256;
constexpr int longest_wait_ms = 50;
constexpr std::uint32_t alarm_number = UINT32_MAX;
constexpr rlim_t spare_descriptors = 256;

/// As many descriptors as the connections take; the hard limit decides.
void allow_descriptors(std::size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= connections + spare_descriptors)
    return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, connections + spare_descriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

load_run::load_run(const load_plan& plan, conversation& talk, const std::function<void(std::uint64_t)>& on_second)
    : plan_{plan}, talk_{talk}, on_second_{on_second}, interval_{plan.rate > 0
                                                                     ? static_cast<std::int64_t>(1e9 / plan.rate)
                                                                     : 0} {}

load_run::~load_run() {
  if (epoll_ >= 0)
    close(epoll_);
  if (alarm_ >= 0)
    close(alarm_);
}

result<load_result> load_run::run() {
  auto peer = peer_address::of(plan_.host, plan_.port);
  if (!peer)
    return fail(peer.error());
  peer_ = *peer;
  allow_descriptors(plan_.connections);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  alarm_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epoll_ < 0 || alarm_ < 0)
    return fail(500, "load_failed", std::string{"epoll: "} + std::strerror(errno));
  epoll_event rings{EPOLLIN, {.u32 = alarm_number}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, alarm_, &rings);

  if (const auto connected = connect_all(); !connected)
    return fail(connected.error());
  start_ = std::chrono::steady_clock::now();
  next_second_ = start_ + 1s;
  tally_.emplace(plan_, start_);
  for (auto now = start_; !over(now); now = std::chrono::steady_clock::now()) {
    tell_each_second(now);
    retry_broken(now);
    offer(now);
    if (over(now)) // nobody has anything to say any more
      break;
    wait_and_handle(now);
  }
  return finish();
}

// -- connections --------------------------------------------------------------

result<void> load_run::connect_all() {
  connections_.resize(plan_.connections);
  for (std::uint32_t i = 0; i < connections_.size(); ++i)
    dial(i);
  const auto deadline = std::chrono::steady_clock::now() + connect_patience;
  for (auto now = deadline - connect_patience; dialling_ > 0 || !broken_.empty();
       now = std::chrono::steady_clock::now()) {
    if (now >= deadline)
      return fail(503, "no_connection",
                  std::to_string(dialling_ + broken_.size()) + " of " + std::to_string(connections_.size()) +
                      " connections could not be made: " +
                      (broken_.empty() ? "no answer" : connections_[broken_.front()].wire.why()));
    retry_broken(now);
    wait_and_handle(now);
  }
  return {};
}

void load_run::dial(std::uint32_t number) {
  auto& c = connections_[number];
  if (!c.wire.dial(peer_)) {
    lose(number);
    return;
  }
  c.phase = phase::dialling;
  ++dialling_;
  watch(number, true, true);
}

void load_run::watch(std::uint32_t number, bool also_writable, bool is_new) {
  epoll_event wanted{EPOLLIN, {.u32 = number}};
  if (also_writable)
    wanted.events |= EPOLLOUT;
  epoll_ctl(epoll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connections_[number].wire.descriptor(), &wanted);
}

void load_run::on_event(std::uint32_t number, std::uint32_t events) {
  auto& c = connections_[number];
  if (c.phase == phase::dialling) {
    on_dialled(number);
    return;
  }
  if ((events & EPOLLOUT) != 0 && c.phase == phase::waiting) {
    const auto sent = c.wire.send_rest();
    if (sent == wire::sending::lost) {
      lose(number);
      return;
    }
    if (sent == wire::sending::done)
      watch(number, false);
  }
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
    on_readable(number);
}

void load_run::on_dialled(std::uint32_t number) {
  auto& c = connections_[number];
  --dialling_;
  if (!c.wire.established()) {
    lose(number);
    return;
  }
  c.failed_dials = 0;
  watch(number, false);
  rest(number);
}

void load_run::on_readable(std::uint32_t number) {
  auto& c = connections_[number];
  const auto read = c.wire.receive();
  if (read == wire::reading::unfinished)
    return;
  if (read == wire::reading::lost || c.phase != phase::waiting) {
    lose(number);
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto& answer = c.wire.answer();
  const bool success = talk_.answered(number, {c.kind, answer.status(), answer.body()});
  tally_->answered(c.kind, c.begun, now, success, answer.status(), answer.body());
  answers_came_ = true;
  --in_flight_;
  if (answer.closes()) { // as announced: nothing is lost, but it has to be dialled again
    c.wire.hang_up();
    dial(number);
    return;
  }
  if (fixed_rate() || !may_send(now))
    rest(number);
  else
    ask(number, now);
}

/// Whatever went wrong with a connection ends here.
void load_run::lose(std::uint32_t number) {
  auto& c = connections_[number];
  const auto now = std::chrono::steady_clock::now();
  if (c.phase == phase::waiting) {
    --in_flight_;
    talk_.answered(number, {c.kind, 0, {}});
    tally_->unanswered(c.kind, c.begun, now, c.wire.why());
    answers_came_ = true;
  }
  if (c.phase == phase::waiting || c.phase == phase::idle || c.phase == phase::silent)
    tally_->lost_connection();
  if (c.phase == phase::idle)
    std::erase(idle_, number);
  if (c.phase == phase::silent)
    std::erase(silent_, number);
  c.wire.hang_up();
  c.again_at = now + redial_pause;
  c.phase = ++c.failed_dials > redials_at_most ? phase::given_up : phase::broken;
  if (c.phase == phase::broken)
    broken_.push_back(number);
}

void load_run::retry_broken(moment now) {
  if (broken_.empty())
    return;
  std::vector<std::uint32_t> ripe;
  std::erase_if(broken_, [&](std::uint32_t number) {
    const bool due = connections_[number].again_at <= now;
    if (due)
      ripe.push_back(number);
    return due;
  });
  for (const auto number : ripe)
    dial(number);
}

// -- requests -----------------------------------------------------------------

load_run::moment load_run::planned(std::uint64_t request) const {
  return start_ + interval_ * static_cast<std::int64_t>(request);
}

bool load_run::may_send(moment now) const {
  if (fixed_rate())
    return planned(planned_sent_) <= now && planned(planned_sent_) < tally_->counted_until();
  return now < tally_->counted_until();
}

void load_run::rest(std::uint32_t number) {
  connections_[number].phase = phase::idle;
  idle_.push_back(number);
}

void load_run::offer(moment now) {
  if (std::exchange(answers_came_, false))
    ask_silent_again();
  while (!idle_.empty() && may_send(now)) {
    const auto number = idle_.front();
    idle_.pop_front();
    ask(number, now);
  }
}

void load_run::ask(std::uint32_t number, moment now) {
  auto& c = connections_[number];
  auto request = talk_.next(number);
  if (!request) {
    c.phase = phase::silent;
    silent_.push_back(number);
    return;
  }
  c.kind = request->kind;
  c.begun = fixed_rate() ? planned(planned_sent_++) : now;
  c.phase = phase::waiting;
  ++in_flight_;
  const auto sent = c.wire.send(std::move(request->text));
  if (sent == wire::sending::lost)
    lose(number);
  else if (sent == wire::sending::unfinished)
    watch(number, true);
}

void load_run::ask_silent_again() {
  for (const auto number : silent_)
    rest(number);
  silent_.clear();
}

// -- time ---------------------------------------------------------------------

bool load_run::over(moment now) const {
  if (in_flight_ > 0)
    return now >= tally_->counted_until() + answer_patience;
  if (now >= tally_->counted_until())
    return true;
  return idle_.empty() && dialling_ == 0 && broken_.empty() && !answers_came_; // silent, all of them
}

void load_run::set_alarm(moment now) {
  const auto left = std::max<std::chrono::nanoseconds>(planned(planned_sent_) - now, 1ns);
  itimerspec when{};
  when.it_value.tv_sec = left / 1s;
  when.it_value.tv_nsec = (left % 1s).count();
  timerfd_settime(alarm_, 0, &when, nullptr);
}

void load_run::wait_and_handle(moment now) {
  std::array<epoll_event, events_at_once> events;
  if (tally_ && fixed_rate() && !idle_.empty() && planned(planned_sent_) < tally_->counted_until())
    set_alarm(now);
  const int count = epoll_wait(epoll_, events.data(), events_at_once, longest_wait_ms);
  for (int i = 0; i < count; ++i) {
    const auto number = events[static_cast<std::size_t>(i)].data.u32;
    if (number != alarm_number) {
      on_event(number, events[static_cast<std::size_t>(i)].events);
    } else {
      std::uint64_t rings = 0;
      [[maybe_unused]] const auto got = read(alarm_, &rings, sizeof rings); // only to silence it
    }
  }
}

void load_run::tell_each_second(moment now) {
  if (now < next_second_)
    return;
  next_second_ += 1s;
  if (on_second_)
    on_second_(tally_->succeeded());
}

load_result load_run::finish() {
  const auto now = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < connections_.size(); ++i)
    if (auto& c = connections_[i]; c.phase == phase::waiting) {
      talk_.answered(i, {c.kind, 0, {}});
      tally_->unanswered(c.kind, c.begun, now, "still waiting when the load ended");
    }
  // Who has nothing to say any more leaves nothing unsent.
  if (fixed_rate() && silent_.size() < connections_.size())
    for (auto request = planned_sent_; planned(request) < std::min(now, tally_->counted_until()); ++request)
      tally_->unsent(planned(request));
  tally_->ended(now);
  return std::move(*tally_).result_of(plan_);
}

} // namespace cued::bench
