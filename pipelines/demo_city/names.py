"""Invented Chinese names: common surnames, given names by sex and generation.

Belongs here: spelling of names. Does not belong here: who bears them.
"""

import numpy as np
import polars as pl

SURNAMES = (
    "王李张刘陈杨赵孙周徐马朱胡郭高林于何郑梁宋谢唐许韩冯邓曹彭曾"
    "肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾"
    "夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
)
_WEIGHTS = 1.0 / (np.arange(len(SURNAMES)) + 4.0)
_GIVEN = {
    (True, 0): ("德玉振殿洪广长金文兴传绍", "山林明海田福才生贵元祥臣"),
    (True, 1): ("建国志立永红卫东新春军宝", "国军华民平强刚峰勇伟斌亮"),
    (True, 2): ("浩子俊宇明梓皓一天嘉泽睿", "轩宇涵然豪博泽阳航辰硕铭"),
    (False, 0): ("秀桂玉凤兰春素金月淑爱翠", "英兰芝荣珍花云香梅莲娥芬"),
    (False, 1): ("红丽秋春海艳素晓小爱文翠", "丽霞敏燕玲娟萍静艳红芳梅"),
    (False, 2): ("雨欣诗梓佳思子可一语若心", "涵怡琪萱彤妍馨瑶悦晴宁诺"),
}
GENERATIONS = (1962, 1992)


def draw_surnames(rng: np.random.Generator, count: int) -> np.ndarray:
    """Positions in `SURNAMES`, frequent ones more often."""
    return rng.choice(len(SURNAMES), size=count, p=_WEIGHTS / _WEIGHTS.sum())


def draw_names(
    rng: np.random.Generator, surname: np.ndarray, is_male: np.ndarray, birth_year: np.ndarray
) -> pl.Series:
    """Full names: surname, and one or two characters usual for the sex and the generation."""
    generation = np.searchsorted(GENERATIONS, birth_year, side="right")
    first, second = rng.integers(0, 12, len(surname)), rng.integers(0, 12, len(surname))
    is_short = rng.random(len(surname)) < 0.18
    pool = {key: np.array([list(half) for half in halves]) for key, halves in _GIVEN.items()}
    given_first = np.empty(len(surname), dtype="U1")
    given_second = np.empty(len(surname), dtype="U1")
    for (male, cohort), (heads, tails) in pool.items():
        chosen = (is_male == male) & (generation == cohort)
        given_first[chosen] = heads[first[chosen]]
        given_second[chosen] = tails[second[chosen]]
    given_first[is_short] = ""
    surnames = np.array(list(SURNAMES))[surname]
    return pl.Series(np.char.add(np.char.add(surnames, given_first), given_second))
