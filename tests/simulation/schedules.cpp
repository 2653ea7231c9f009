#include "tests/simulation/schedules.hpp"

#include <cstdio>
#include <functional>
#include <random>

namespace cued::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t one_webhook_in = 5;

instant at(int year, unsigned month, unsigned day, int hour) {
  return std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)} +
         std::chrono::hours{hour};
}

/// Draws numbers; the same seed gives the same ones on every machine (std::uniform_int_distribution may not).
class dice {
public:
  explicit dice(std::uint64_t seed) : engine_{seed} {}
  int between(int least, int most) {
    return least + static_cast<int>(engine_() % static_cast<std::uint64_t>(most - least + 1));
  }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[engine_() % all.size()];
  }

private:
  std::mt19937_64 engine_;
};

std::string number(int n) { return std::to_string(n); }

/// What a cron expression of a window is made of.
struct ingredients {
  dice& roll;
  instant start;

  [[nodiscard]] std::string minute() const { return number(roll.between(0, 59)); }
  [[nodiscard]] std::string hour() const { return number(roll.between(0, 23)); }
  /// Clocks are changed at night; most fixed times should be where it matters.
  [[nodiscard]] std::string night_hour() const { return number(roll.one_of(std::vector{0, 1, 1, 2, 2, 2, 3, 23})); }
  [[nodiscard]] std::string second() const { return number(roll.between(0, 59)); }
  [[nodiscard]] std::string step(int most) const { return number(roll.between(2, most)); }
  /// Of the window's own days, or the one after.
  [[nodiscard]] std::string day() const {
    const auto date = std::chrono::floor<std::chrono::days>(start) + std::chrono::days{roll.between(0, 2)};
    return number(static_cast<int>(static_cast<unsigned>(std::chrono::year_month_day{date}.day())));
  }
  [[nodiscard]] std::string weekday() const {
    const auto date = std::chrono::floor<std::chrono::days>(start) + std::chrono::days{roll.between(0, 2)};
    return number(static_cast<int>(std::chrono::weekday{date}.c_encoding()));
  }
  [[nodiscard]] std::string year() const {
    return number(static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(start)}.year()));
  }
};

using recipe = std::function<std::string(const ingredients&)>;

/// A repeated line is a kind that should be met more often.
const std::vector<recipe>& recipes() {
  using in = const ingredients&;
  static const std::vector<recipe> all{
      // by the clock on the wall
      [](in x) { return x.minute() + " " + x.night_hour() + " * * *"; },
      [](in x) { return x.minute() + " " + x.night_hour() + " * * *"; },
      [](in x) { return x.minute() + " " + x.hour() + " * * *"; },
      [](in x) { return "0,30 " + x.night_hour() + " * * *"; },
      [](in x) { return x.minute() + "," + x.minute() + "," + x.minute() + " 1-3 * * *"; },
      [](in x) { return x.minute() + " " + x.night_hour() + "," + x.hour() + " * * *"; },
      [](in x) { return x.minute() + " */2 * * *"; },
      [](in x) { return "*/" + x.step(30) + " " + x.night_hour() + " * * *"; },
      [](in x) { return x.minute() + " 22-4/2 * * *"; },
      // by elapsed time
      [](in x) { return x.minute() + " * * * *"; },
      [](in x) { return x.minute() + " * * * *"; },
      [](in x) { return "*/" + x.step(30) + " * * * *"; },
      [](in x) { return x.minute() + "/" + x.step(20) + " * * * *"; },
      [](in x) { return x.minute() + "-" + x.minute() + "/7 * * * *"; },
      [](in) { return std::string{"@hourly"}; },
      // seconds and years
      [](in x) { return x.minute() + " * * * * " + x.second(); },
      [](in x) { return x.minute() + " " + x.night_hour() + " * * * " + x.second() + "," + x.second(); },
      [](in x) { return x.minute() + " */4 * * * */" + x.step(30); },
      [](in x) { return x.minute() + " * * * * " + x.second() + " " + x.year(); },
      // days
      [](in x) { return x.minute() + " " + x.night_hour() + " * * " + x.weekday(); },
      [](in x) { return x.minute() + " " + x.night_hour() + " * * sat-mon"; },
      [](in x) { return x.minute() + " */3 " + x.day() + " * *"; },
      [](in x) { return x.minute() + " " + x.night_hour() + " " + x.day() + " * " + x.weekday(); },
      [](in x) { return x.minute() + " " + x.hour() + " L * *"; },
      [](in x) { return x.minute() + " " + x.night_hour() + " " + x.day() + "W * *"; },
      [](in x) {
        return x.minute() + " " + x.night_hour() + " * * " + x.weekday() + "#" + number(x.roll.between(1, 5));
      },
      [](in x) { return x.minute() + " " + x.night_hour() + " * * l" + x.weekday(); },
      [](in x) { return x.minute() + " " + x.night_hour() + " * jan-dec/2,mar,oct ?"; },
      [](in) { return std::string{"@daily"}; },
  };
  return all;
}

} // namespace

std::vector<window> windows() {
  return {
      // Whole days. Dublin's summer time is the standard one there, with a negative winter time.
      {"europe-spring",
       at(2025, 3, 29, 12),
       24h,
       1000,
       {"Europe/Berlin", "Europe/London", "Europe/Dublin", "Asia/Kolkata", "UTC", "America/New_York"}},
      {"europe-autumn",
       at(2025, 10, 25, 12),
       24h,
       1000,
       {"Europe/Berlin", "Europe/London", "Europe/Dublin", "Asia/Kolkata", "UTC", "America/Santiago"}},
      // Lord Howe moves by half an hour; Santiago at midnight, so a day may begin at one o'clock.
      {"howe-santiago-autumn", at(2025, 4, 5, 12), 18h, 300, {"Australia/Lord_Howe", "America/Santiago"}},
      {"santiago-spring", at(2025, 9, 7, 1), 6h, 200, {"America/Santiago"}},
      {"howe-spring", at(2025, 10, 4, 12), 6h, 200, {"Australia/Lord_Howe"}},
      {"cairo-spring", at(2025, 4, 24, 18), 6h, 200, {"Africa/Cairo"}},
      {"cairo-autumn", at(2025, 10, 30, 18), 6h, 200, {"Africa/Cairo"}},
      {"america-spring", at(2025, 3, 9, 3), 8h, 200, {"America/New_York", "America/Havana"}},
      {"america-autumn", at(2025, 11, 2, 3), 8h, 200, {"America/New_York", "America/Havana"}},
  };
}

std::vector<planned_cue> cues_of(const window& w) {
  constexpr std::size_t one_time_in = 8;
  dice roll{cron_seed(w.name)};
  const ingredients x{roll, w.start};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(w.length).count();
  std::vector<planned_cue> out;
  for (std::size_t i = 0; out.size() < w.cues; ++i) {
    char id[24];
    std::snprintf(id, sizeof id, "cue_%012zu", out.size());
    planned_cue cue{id, {}, out.size() % one_webhook_in == 0};
    cue.when.timezone = roll.one_of(w.zones);
    if (i % one_time_in == 0) {
      cue.when.at = w.start + std::chrono::seconds{roll.between(1, static_cast<int>(seconds))} +
                    std::chrono::microseconds{roll.between(0, 999'999)};
    } else if (out.size() < w.zones.size() * 2) { // one of every minute in each zone is plenty
      cue.when.type = schedule_type::recurring;
      cue.when.cron = "* * * * *";
      cue.when.timezone = w.zones[out.size() % w.zones.size()];
    } else {
      cue.when.type = schedule_type::recurring;
      cue.when.cron = recipes()[i % recipes().size()](x);
    }
    // A draw that is refused (a range that wraps below its first value) or never comes is drawn again.
    if (next_run_after(cue.when, cron_seed(cue.id), w.start, overlap::both).value_or(std::nullopt))
      out.push_back(std::move(cue));
  }
  return out;
}

} // namespace cued::simulation
