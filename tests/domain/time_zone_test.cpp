#include "domain/time_zone.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "domain/timestamp.hpp"

namespace cued {
namespace {

using kind = local_time_instants::kind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

instant at(std::string_view text) { return parse_timestamp(text).value().at; }

local_time local(std::string_view text) { return local_time{std::chrono::floor<seconds>(at(text)).time_since_epoch()}; }

time_zone zone(std::string_view name) { return find_time_zone(name).value(); }

// -- names ----------------------------------------------------------------

TEST(time_zone, every_name_of_the_database_is_found_in_any_case) {
  EXPECT_EQ(zone("Europe/Paris").name(), "Europe/Paris");
  EXPECT_EQ(zone("europe/paris").name(), "Europe/Paris");
  EXPECT_EQ(zone("utc").name(), "UTC");
  EXPECT_EQ(zone("AMERICA/ARGENTINA/COMODRIVADAVIA").name(), "America/Argentina/ComodRivadavia");
}

TEST(time_zone, backward_links_are_names_too) {
  for (const std::string_view name : {"US/Pacific", "EST5EDT", "GMT+0", "GMT0", "Etc/GMT+5", "UCT", "Zulu", "Eire"})
    EXPECT_TRUE(find_time_zone(name)) << name;
  EXPECT_GE(time_zone_count(), 590U);
}

TEST(time_zone, signs_may_be_written_as_words) {
  EXPECT_EQ(zone("Etc/GMT_plus_5").name(), "Etc/GMT+5");
  EXPECT_EQ(zone("etc/gmt_minus_14").name(), "Etc/GMT-14");
}

TEST(time_zone, other_names_are_refused) {
  for (const std::string_view name : {"",
                                      "Factory",
                                      "factory",
                                      "localtime",
                                      "posixrules",
                                      "posix/UTC",
                                      "posix/Europe/Paris",
                                      "right/UTC",
                                      "tzdata.zi",
                                      "zone.tab",
                                      "iso3166.tab",
                                      "leapseconds",
                                      "Europe",
                                      "Europe/",
                                      "/usr/share/zoneinfo/UTC",
                                      "../zoneinfo/UTC",
                                      "./UTC",
                                      " UTC",
                                      "UTC ",
                                      "PST",
                                      "CEST",
                                      "+02:00",
                                      "UTC+1",
                                      "Fixed/UTC+01:00:00",
                                      "Europe/Z\u00fcrich"}) {
    const auto found = find_time_zone(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().status, 422) << name;
    EXPECT_EQ(found.error().code, "invalid_timezone") << name;
  }
}

TEST(time_zone, may_be_looked_up_by_many_threads_at_once) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (const std::string_view name : {"Asia/Tokyo", "Asia/Kolkata", "Asia/Tehran", "Asia/Manila"})
        EXPECT_EQ(zone(name).name(), name);
    });
  for (auto& thread : threads)
    thread.join();
}

// -- readings --------------------------------------------------------------

TEST(time_zone, reads_the_clock_on_the_wall) {
  const auto reading = zone("Asia/Kolkata").to_local(at("2026-03-20T10:00:00.75Z"));
  EXPECT_EQ(reading.time, local("2026-03-20T15:30:00"));
  EXPECT_EQ(reading.offset, hours{5} + minutes{30});
}

TEST(time_zone, daylight_saving_time_does_not_end_in_2037) {
  EXPECT_EQ(zone("America/New_York").offset(at("2050-07-01T12:00:00Z")), hours{-4});
}

TEST(time_zone, a_plain_local_time_is_one_instant) {
  const auto instants = zone("America/New_York").to_instants(local("2026-07-01T09:00:00"));
  EXPECT_EQ(instants.what, kind::unique);
  EXPECT_EQ(instants.earlier, at("2026-07-01T13:00:00Z"));
  EXPECT_EQ(instants.later, instants.earlier);
}

TEST(time_zone, a_skipped_local_time_tells_its_gap) {
  const auto instants = zone("America/New_York").to_instants(local("2026-03-08T02:30:00"));
  EXPECT_EQ(instants.what, kind::skipped);
  EXPECT_EQ(instants.transition, at("2026-03-08T07:00:00Z"));
  EXPECT_EQ(instants.earlier, instants.transition);
  EXPECT_EQ(instants.transition_from, local("2026-03-08T02:00:00"));
  EXPECT_EQ(instants.transition_to, local("2026-03-08T03:00:00"));
}

TEST(time_zone, a_repeated_local_time_is_two_instants) {
  const auto instants = zone("America/New_York").to_instants(local("2026-11-01T01:30:00"));
  EXPECT_EQ(instants.what, kind::repeated);
  EXPECT_EQ(instants.earlier, at("2026-11-01T05:30:00Z"));
  EXPECT_EQ(instants.later, at("2026-11-01T06:30:00Z"));
  EXPECT_EQ(instants.transition, at("2026-11-01T06:00:00Z"));
  EXPECT_EQ(instants.transition_from, local("2026-11-01T02:00:00"));
  EXPECT_EQ(instants.transition_to, local("2026-11-01T01:00:00"));
}

TEST(time_zone, negative_daylight_saving_time_is_ordered_by_instant_too) {
  const auto instants = zone("Europe/Dublin").to_instants(local("2026-10-25T01:30:00"));
  EXPECT_EQ(instants.what, kind::repeated);
  EXPECT_EQ(instants.earlier, at("2026-10-25T00:30:00Z"));
  EXPECT_EQ(instants.later, at("2026-10-25T01:30:00Z"));
}

TEST(time_zone, a_whole_day_may_be_skipped) {
  const auto instants = zone("Pacific/Apia").to_instants(local("2011-12-30T12:00:00"));
  EXPECT_EQ(instants.what, kind::skipped);
  EXPECT_EQ(instants.transition_from, local("2011-12-30T00:00:00"));
  EXPECT_EQ(instants.transition_to, local("2011-12-31T00:00:00"));
}

// -- the database -------------------------------------------------------------

TEST(time_zone, the_database_tells_its_release) {
  const auto version = time_zone_data_version();
  ASSERT_TRUE(version);
  EXPECT_EQ(version->substr(0, 2), "20");
}

/// Each of these runs in a process of its own: names are collected once in a process.
class time_zone_database_DeathTest : public testing::Test {
protected:
  time_zone_database_DeathTest() {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    std::filesystem::create_directories(directory_ / "Some");
  }
  ~time_zone_database_DeathTest() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, std::string_view content) const {
    std::ofstream{directory_ / name, std::ios::binary} << content;
  }

  const std::filesystem::path directory_ =
      std::filesystem::path{testing::TempDir()} / testing::UnitTest::GetInstance()->current_test_info()->name();
};

[[noreturn]] void exit_with(bool ok) { std::_Exit(ok ? 0 : 1); }

TEST_F(time_zone_database_DeathTest, a_missing_database_is_not_the_clients_fault) {
  EXPECT_EXIT(
      {
        setenv("TZDIR", "/nowhere", 1);
        const auto found = find_time_zone("UTC");
        exit_with(!found && found.error().status == 503 && time_zone_count() == 0 && !time_zone_data_version());
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(time_zone_database_DeathTest, a_broken_file_is_not_the_clients_fault) {
  write("Some/Where", "TZif and no more");
  write("+VERSION", "2031c\n");
  EXPECT_EXIT(
      {
        setenv("TZDIR", directory_.c_str(), 1);
        const auto found = find_time_zone("some/where");
        exit_with(!found && found.error().status == 503 && time_zone_count() == 1 &&
                  time_zone_data_version() == "2031c");
      },
      testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace cued
