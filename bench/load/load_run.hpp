#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "bench/load/http_load.hpp"
#include "bench/load/tally.hpp"
#include "bench/load/wire.hpp"

namespace cued::bench {

/// One load from dialling to result: the event loop behind run_load. One thread.
class load_run {
public:
  load_run(const load_plan& plan, conversation& talk, const std::function<void(std::uint64_t)>& on_second);
  ~load_run();
  load_run(const load_run&) = delete;
  load_run& operator=(const load_run&) = delete;

  [[nodiscard]] result<load_result> run();

private:
  using moment = tally::moment;

  enum class phase {
    dialling,
    idle,    ///< may be asked for its next request
    silent,  ///< had nothing to say; asked again after the next answer
    waiting, ///< for an answer
    broken,  ///< to be dialled again at `again_at`
    given_up ///< could not be dialled again and again
  };
  struct connection {
    bench::wire wire;
    load_run::phase phase = phase::dialling;
    std::size_t kind = 0;
    moment begun; ///< of the request under way: when it was planned to begin
    moment again_at;
    std::size_t failed_dials = 0;
  };

  // -- connections ----------------------------------------------------------
  result<void> connect_all();
  void dial(std::uint32_t number);
  void watch(std::uint32_t number, bool also_writable, bool is_new = false);
  void on_event(std::uint32_t number, std::uint32_t events);
  void on_dialled(std::uint32_t number);
  void on_readable(std::uint32_t number);
  void lose(std::uint32_t number);
  void retry_broken(moment now);

  // -- requests -------------------------------------------------------------
  [[nodiscard]] bool fixed_rate() const { return interval_.count() > 0; }
  [[nodiscard]] moment planned(std::uint64_t request) const;
  [[nodiscard]] bool may_send(moment now) const;
  void rest(std::uint32_t number); ///< the connection is free
  void offer(moment now);          ///< asks free connections, as long as something is to be sent
  void ask(std::uint32_t number, moment now);
  void ask_silent_again();

  // -- time -----------------------------------------------------------------
  [[nodiscard]] bool over(moment now) const;
  void wait_and_handle(moment now);
  void set_alarm(moment now);
  void tell_each_second(moment now);
  load_result finish();

  const load_plan& plan_;
  conversation& talk_;
  const std::function<void(std::uint64_t)>& on_second_;
  std::chrono::nanoseconds interval_; ///< between planned requests; 0: closed loop
  int epoll_ = -1, alarm_ = -1;
  peer_address peer_;
  std::vector<connection> connections_;
  std::deque<std::uint32_t> idle_;
  std::vector<std::uint32_t> silent_, broken_;
  std::size_t in_flight_ = 0, dialling_ = 0;
  std::uint64_t planned_sent_ = 0; ///< how many planned requests have been begun
  bool answers_came_ = false;
  moment start_, next_second_;
  std::optional<tally> tally_;
};

} // namespace cued::bench
